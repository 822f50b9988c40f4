// Thought: what a model wrote for itself, told apart from what it said.
// SPDX-License-Identifier: Apache-2.0
#include "models/replies/thought.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include "base/characters.h"
#include "base/text.h"

namespace xsweep {
namespace {

struct Mark {
  std::string_view open;
  std::string_view close;
};
constexpr std::array<Mark, 37> kThoughtMarks = {{
    {"<think>", "</think>"},
    {"<thinking>", "</thinking>"},
    {"<thought>", "</thought>"},
    {"<thoughts>", "</thoughts>"},
    {"<reasoning>", "</reasoning>"},
    {"<reason>", "</reason>"},
    {"<antthinking>", "</antthinking>"},
    {"<mm:think>", "</mm:think>"},
    {"<seed:think>", "</seed:think>"},
    {"<longcat_think>", "</longcat_think>"},
    {"<inner_monologue>", "</inner_monologue>"},
    {"<inner_thoughts>", "</inner_thoughts>"},
    {"<internal_monologue>", "</internal_monologue>"},
    {"<internal_thought>", "</internal_thought>"},
    {"<internal_thoughts>", "</internal_thoughts>"},
    {"<thought_process>", "</thought_process>"},
    {"<thinking_process>", "</thinking_process>"},
    {"<reasoning_process>", "</reasoning_process>"},
    {"<chain_of_thought>", "</chain_of_thought>"},
    {"<scratchpad>", "</scratchpad>"},
    {"<reflection>", "</reflection>"},
    {"<analysis>", "</analysis>"},
    {"<details type=\"reasoning\"", "</details>"},
    {"&lt;think&gt;", "&lt;/think&gt;"},
    {"<cot>", "</cot>"},
    {"<deliberation>", "</deliberation>"},
    {"[thinking]", "[/thinking]"},
    {"[reasoning]", "[/reasoning]"},
    {"<|thought|>", "<|/thought|>"},
    {"<|thinking|>", "<|/thinking|>"},
    {"<|start_thinking|>", "<|end_thinking|>"},
    {"<|channel>thought", "<channel|>"},
    {"<unused94>thought", "<unused95>"},
    {"[think]", "[/think]"},
    {"\xE2\x97\x81think\xE2\x96\xB7", "\xE2\x97\x81/think\xE2\x96\xB7"},
    {"<|begin_of_thought|>", "<|end_of_thought|>"},
    {"<|channel|>analysis<|message|>", "<|end|>"},
}};
// What may stand around the answer of families that mark it too.
constexpr std::array<std::string_view, 14> kWrappings = {"<|begin_of_solution|>",
                                                         "<|end_of_solution|>",
                                                         "<|start_response|>",
                                                         "<|end_response|>",
                                                         "<|start_text|>",
                                                         "<|end_text|>",
                                                         "<|begin_of_box|>",
                                                         "<|end_of_box|>",
                                                         "<|channel|>final<|message|>",
                                                         "<|channel|>commentary<|message|>",
                                                         "<|start|>assistant",
                                                         "<|return|>",
                                                         "<|end|>",
                                                         "<|im_end|>"};

struct Found {
  std::size_t at = kNowhere;
  const Mark* mark = nullptr;
};

/// Where marks stand from some place on. Asked with places that only grow, so that no byte is looked at twice for one
/// mark, however many marks a hostile text holds.
class Places {
 public:
  Places(std::string_view lower, std::string_view Mark::* side) : lower_(lower), side_(side) {}

  std::size_t Next(const Mark& mark, std::size_t from) {
    std::size_t& known = next_[static_cast<std::size_t>(&mark - kThoughtMarks.data())];
    if (known == kNowhere || (known != kUnknown && known >= from)) return known;
    known = lower_.find(mark.*side_, from);
    return known;
  }
  Found First(std::size_t from) {
    Found first;
    for (const Mark& mark : kThoughtMarks) {
      const std::size_t at = Next(mark, from);
      if (at < first.at) first = {at, &mark};
    }
    return first;
  }

 private:
  static constexpr std::size_t kUnknown = kNowhere - 1;
  static constexpr std::array<std::size_t, kThoughtMarks.size()> AllUnknown() {
    std::array<std::size_t, kThoughtMarks.size()> places{};
    places.fill(kUnknown);
    return places;
  }
  std::string_view lower_;
  std::string_view Mark::* side_;
  std::array<std::size_t, kThoughtMarks.size()> next_ = AllUnknown();
};

bool BeginsLine(std::string_view text, std::size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) --at;
  return at == 0 || text[at - 1] == '\n';
}

void Note(std::string_view thought, SplitText& split) {
  const std::string_view trimmed = Trim(thought);
  if (trimmed.empty()) return;
  if (!split.thought.empty()) split.thought += "\n\n";
  split.thought += trimmed;
}

/// Marks that end a thought and other things too: one of them alone says nothing.
bool EndsOtherThings(const Mark& mark) { return mark.close == "<|end|>" || mark.close == "</details>"; }

/// The first closing mark from `at` on, when nothing opened it: its opening mark stood in the prompt, or the thought
/// held a whole thought.
Found EndOfGivenThought(std::size_t at, Places& opens, Places& closes) {
  const Found close = closes.First(at);
  if (close.mark == nullptr || EndsOtherThings(*close.mark)) return {};
  return opens.Next(*close.mark, at) < close.at ? Found() : close;
}

/// Ways to mark a thought by what stands before and behind it, as templates of Granite and of gpt-oss (without its
/// special tokens, or without the one that ends the thought) and Ollama's terminal leave them.
struct Words {
  std::string_view begin, end;
};
constexpr std::array<Words, 4> kWords = {{{"analysis", "assistantfinal"},
                                          {"here is my thought process:", "here is my response:"},
                                          {"<|channel|>analysis<|message|>", "<|channel|>final<|message|>"},
                                          {"thinking...", "...done thinking."}}};

/// Takes such a thought off the start of a text.
std::string_view WithoutThoughtInWords(std::string_view text, SplitText& split) {
  const std::string start = AsciiLower(text.substr(0, 64));
  const std::size_t begin = std::min(start.find_first_not_of(" \t\r\n"), start.size());
  for (const Words& words : kWords) {
    if (!std::string_view(start).substr(begin).starts_with(words.begin)) continue;
    const std::size_t end = AsciiLower(text).find(words.end, begin);
    if (end == kNowhere) continue;
    const std::size_t from = begin + words.begin.size();
    const std::string_view thought = text.substr(from, end - from);
    // Other channels between the two are no thought, and one of them may hold a call.
    if (thought.find("<|") != kNowhere || thought.find("to=functions.") != kNowhere) continue;
    Note(thought, split);
    return Trim(text.substr(end + words.end.size()));
  }
  return text;
}

std::string WithoutWrappings(std::string_view text) {
  std::string bare;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find("<|", at), text.size());
    bare += text.substr(at, next - at);
    at = next;
    if (at == text.size()) break;
    const auto wrapping = std::ranges::find_if(kWrappings, [&](std::string_view candidate) {
      return AsciiLower(text.substr(at, candidate.size())) == candidate;
    });
    const std::size_t length = wrapping == kWrappings.end() ? 0 : wrapping->size();
    if (length == 0) bare += text.substr(at, 2);
    at += length == 0 ? 2 : length;
  }
  return bare;
}

constexpr std::size_t kLongestName = 40;  // of a tag
constexpr std::size_t kLongestTag = 200;  // with its attributes

/// A tag of thought under a name that is not in the table, because a template or a model has added its own to it:
/// <M2_7think>, <deepseek_thought>, <REASONING_SCRATCHPAD>, <think duration="3s">.
struct NamedTag {
  std::string_view name;  ///< in small letters
  std::size_t length = 0;
  bool closes = false;
  bool empty = false;  ///< <think/>
};
std::optional<NamedTag> ReadNamedTag(std::string_view lower) {
  NamedTag tag;
  std::size_t at = 1;
  tag.closes = lower.substr(at).starts_with('/');
  if (tag.closes) ++at;
  const std::string_view rest = lower.substr(at, kLongestName);
  const auto is_of_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == ':' || c == '.';
  };
  tag.name = rest.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(rest, is_of_name) - rest.begin()));
  at += tag.name.size();
  constexpr std::array<std::string_view, 6> kThoughtWords = {"think",      "thought",     "reasoning",
                                                             "scratchpad", "scratch_pad", "monologue"};
  const auto is_in_name = [&](std::string_view word) { return tag.name.find(word) != kNowhere; };
  if (std::ranges::none_of(kThoughtWords, is_in_name)) return std::nullopt;
  const std::size_t end = lower.substr(at, kLongestTag).find_first_of("<>");
  const bool attributes_or_end = lower.substr(at, 1).find_first_of("> /") == 0;
  if (end == kNowhere || lower[at + end] != '>' || !attributes_or_end) return std::nullopt;
  tag.empty = lower.substr(at, end).ends_with('/');
  tag.length = at + end + 1;
  return tag;
}

/// The text with such tags under the one plain name, where they are surely meant: those that are closed somewhere, and
/// one that the text begins with. Empty when there is none.
std::optional<std::string> WithPlainTags(std::string_view text) {
  const std::string lower = AsciiLower(text);
  // Those of the table stay: one may stand in the thought of another.
  const auto is_known = [](std::string_view tag) {
    return std::ranges::any_of(kThoughtMarks, [&](const Mark& mark) { return tag == mark.open || tag == mark.close; });
  };
  const auto each_tag = [&](auto take) {
    for (std::size_t at = lower.find('<'); at != kNowhere; at = lower.find('<', at + 1)) {
      if (const auto tag = ReadNamedTag(std::string_view(lower).substr(at))) take(at, *tag);
    }
  };
  // Found once: behind a million blanks each tag would walk over them again.
  const std::size_t start = text.size() - TrimStart(text).size();
  std::unordered_set<std::string_view> meant;
  each_tag([&](std::size_t at, const NamedTag& tag) {
    if (tag.closes || at == start) meant.insert(tag.name);
  });
  if (meant.empty()) return std::nullopt;
  std::string plain;
  std::size_t copied = 0;
  each_tag([&](std::size_t at, const NamedTag& tag) {
    if (!meant.contains(tag.name) || is_known(std::string_view(lower).substr(at, tag.length))) return;
    plain.append(text.substr(copied, at - copied));
    if (!tag.empty) plain.append(tag.closes ? "</think>" : "<think>");
    copied = at + tag.length;
  });
  plain.append(text.substr(copied));
  return plain;
}

bool MayHoldMarks(std::string_view text) {
  return text.find('<') != std::string_view::npos || text.find('[') != std::string_view::npos ||
         text.find("&lt;") != std::string_view::npos || text.find("\xE2\x97\x81") != std::string_view::npos;
}

}  // namespace

SplitText SplitThought(std::string_view text) {
  SplitText split;
  text = WithoutThoughtInWords(text, split);
  if (!MayHoldMarks(text)) {
    split.said = text;
    return split;
  }
  const std::optional<std::string> plain = WithPlainTags(text);
  if (plain) text = *plain;
  const std::string lower = AsciiLower(text);
  Places opens(lower, &Mark::open);
  Places closes(lower, &Mark::close);
  std::string said;
  std::size_t at = 0;
  bool taken = plain.has_value();
  while (at < text.size()) {
    if (const Found end = EndOfGivenThought(at, opens, closes); end.mark != nullptr) {
      Note(said + std::string(text.substr(at, end.at - at)), split);
      said.clear();
      at = end.at + end.mark->close.size();
      taken = true;
      continue;
    }
    const Found open = opens.First(at);
    if (open.mark == nullptr) break;
    const std::size_t inside = open.at + open.mark->open.size();
    const std::size_t close = closes.Next(*open.mark, inside);
    if (close == kNowhere && !BeginsLine(text, open.at)) {
      said += text.substr(at, inside - at);  // spoken of, not thought in
      at = inside;
      continue;
    }
    said += text.substr(at, open.at - at);
    taken = true;
    split.unclosed = close == kNowhere;
    Note(text.substr(inside, split.unclosed ? kNowhere : close - inside), split);
    at = split.unclosed ? text.size() : close + open.mark->close.size();
  }
  if (at < text.size()) said += text.substr(at);
  if (lower.find("<|") != std::string::npos) {
    std::string bare = WithoutWrappings(said);
    taken = taken || bare.size() != said.size();
    said = std::move(bare);
  }
  split.said = taken ? std::string(Trim(said)) : std::move(said);
  return split;
}

}  // namespace xsweep
