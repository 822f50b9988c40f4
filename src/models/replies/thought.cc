// Thought: what a model wrote for itself, told apart from what it said.
// SPDX-License-Identifier: Apache-2.0
#include "models/replies/thought.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/characters.h"
#include "base/text.h"

namespace xsweep {
namespace {

struct Mark {
  std::string_view open;
  std::string_view close;
};
constexpr std::array<Mark, 15> kMarks = {{
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
    {"[think]", "[/think]"},
    {"\xE2\x97\x81think\xE2\x96\xB7", "\xE2\x97\x81/think\xE2\x96\xB7"},
    {"<|begin_of_thought|>", "<|end_of_thought|>"},
    {"<|channel|>analysis<|message|>", "<|end|>"},
}};
// What may stand around the answer of families that mark it too.
constexpr std::array<std::string_view, 7> kWrappings = {"<|begin_of_solution|>",
                                                        "<|end_of_solution|>",
                                                        "<|channel|>final<|message|>",
                                                        "<|start|>assistant",
                                                        "<|return|>",
                                                        "<|end|>",
                                                        "<|im_end|>"};

constexpr std::size_t kNone = std::string_view::npos;

struct Found {
  std::size_t at = kNone;
  const Mark* mark = nullptr;
};

/// Where marks stand from some place on. Asked with places that only grow, so that no byte is looked at twice for one
/// mark, however many marks a hostile text holds.
class Places {
 public:
  Places(std::string_view lower, std::string_view Mark::* side) : lower_(lower), side_(side) {}

  std::size_t Next(const Mark& mark, std::size_t from) {
    std::size_t& known = next_[static_cast<std::size_t>(&mark - kMarks.data())];
    if (known == kNone || (known != kUnknown && known >= from)) return known;
    known = lower_.find(mark.*side_, from);
    return known;
  }
  Found First(std::size_t from) {
    Found first;
    for (const Mark& mark : kMarks) {
      const std::size_t at = Next(mark, from);
      if (at < first.at) first = {at, &mark};
    }
    return first;
  }

 private:
  static constexpr std::size_t kUnknown = kNone - 1;
  static constexpr std::array<std::size_t, kMarks.size()> AllUnknown() {
    std::array<std::size_t, kMarks.size()> places{};
    places.fill(kUnknown);
    return places;
  }
  std::string_view lower_;
  std::string_view Mark::* side_;
  std::array<std::size_t, kMarks.size()> next_ = AllUnknown();
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

/// A thought whose opening mark stood in the prompt: the first closing mark, when nothing opened it.
Found EndOfGivenThought(std::string_view lower, Places& closes) {
  const Found close = closes.First(0);
  if (close.mark == nullptr || close.mark->close == "<|end|>") return {};
  return lower.substr(0, close.at).find(close.mark->open) == kNone ? close : Found();
}

std::string WithoutWrappings(std::string_view text) {
  std::string bare;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find("<|", at), text.size());
    bare += text.substr(at, next - at);
    at = next;
    if (at == text.size()) break;
    const auto wrapping = std::ranges::find_if(
        kWrappings, [&](std::string_view candidate) { return text.substr(at).starts_with(candidate); });
    const std::size_t length = wrapping == kWrappings.end() ? 0 : wrapping->size();
    if (length == 0) bare += text.substr(at, 2);
    at += length == 0 ? 2 : length;
  }
  return bare;
}

bool MayHoldMarks(std::string_view text) {
  return text.find('<') != std::string_view::npos || text.find('[') != std::string_view::npos ||
         text.find("\xE2\x97\x81") != std::string_view::npos;
}

}  // namespace

SplitText SplitThought(std::string_view text) {
  SplitText split;
  if (!MayHoldMarks(text)) return {.said = std::string(text), .thought = {}};
  const std::string lower = AsciiLower(text);
  Places opens(lower, &Mark::open);
  Places closes(lower, &Mark::close);
  std::string said;
  std::size_t at = 0;
  bool taken = false;
  if (const Found end = EndOfGivenThought(lower, closes); end.mark != nullptr) {
    Note(text.substr(0, end.at), split);
    at = end.at + end.mark->close.size();
    taken = true;
  }
  while (at < text.size()) {
    const Found open = opens.First(at);
    if (open.mark == nullptr) break;
    const std::size_t inside = open.at + open.mark->open.size();
    const std::size_t close = closes.Next(*open.mark, inside);
    if (close == kNone && !BeginsLine(text, open.at)) {
      said += text.substr(at, inside - at);  // spoken of, not thought in
      at = inside;
      continue;
    }
    said += text.substr(at, open.at - at);
    taken = true;
    split.unclosed = close == kNone;
    Note(text.substr(inside, split.unclosed ? kNone : close - inside), split);
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
