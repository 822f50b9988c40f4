// Recording: exchanges read back, and in words how a request differs from what was recorded.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "models/recordings/exchange.h"

namespace xsweep {
namespace {

constexpr std::size_t kExcerptBefore = 20;
constexpr std::size_t kExcerptLength = 60;
// Bounds the depth of RequestOfTurn, whose `after` could step back by one through any number of turns.
constexpr int kLongestDialogue = 5000;  // exchanges; no honest dialogue comes near

std::string Excerpt(std::string_view text, std::size_t difference) {
  std::size_t begin = std::min(difference, text.size());
  begin = begin > kExcerptBefore ? begin - kExcerptBefore : 0;
  while (begin < text.size() && ContinuesCharacter(text[begin])) ++begin;
  std::size_t end = std::min(text.size(), begin + kExcerptLength);
  while (end < text.size() && ContinuesCharacter(text[end])) ++end;
  return fmt::format("\"{}{}{}\"", begin > 0 ? "..." : "", text.substr(begin, end - begin),
                     end < text.size() ? "..." : "");
}

std::string TextDifference(std::string_view what, std::string_view recorded, std::string_view asked) {
  const std::size_t at = static_cast<std::size_t>(std::ranges::mismatch(recorded, asked).in1 - recorded.begin());
  return fmt::format("{} was {} and is {}", what, Excerpt(recorded, at), Excerpt(asked, at));
}

std::string TextOf(const Json& value) { return value.is_string() ? value.AsString() : value.Dump(); }

/// The first member of two objects that differs; empty when they are equal in all.
std::string MemberDifference(std::string_view what, const Json& recorded, const Json& asked) {
  if (!recorded.is_object() || !asked.is_object()) return TextDifference(what, TextOf(recorded), TextOf(asked));
  for (const auto& [name, value] : asked.members()) {
    const Json* before = recorded.Find(name);
    const std::string member = fmt::format("{} `{}`", what, name);
    if (before == nullptr) return fmt::format("{} is new: {}", member, Excerpt(TextOf(value), 0));
    if (*before != value) return TextDifference(member, TextOf(*before), TextOf(value));
  }
  for (const auto& [name, value] : recorded.members()) {
    if (asked.Find(name) == nullptr)
      return fmt::format("{} `{}` is gone; it was {}", what, name, Excerpt(TextOf(value), 0));
  }
  return {};
}

std::string ListDifference(std::string_view what, const Json& recorded, const Json& asked) {
  if (!recorded.is_array() || !asked.is_array()) return TextDifference(what, TextOf(recorded), TextOf(asked));
  const std::size_t both = std::min(recorded.size(), asked.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (recorded.items()[i] == asked.items()[i]) continue;
    return MemberDifference(fmt::format("{} {}:", what, i + 1), recorded.items()[i], asked.items()[i]);
  }
  if (recorded.size() == asked.size()) return {};
  return fmt::format("there were {} {}s and are {}", recorded.size(), what, asked.size());
}

std::string Described(const CallIdentity& who) {
  return fmt::format("cell {}, task {}, seed {}, trial {}, {}, exchange {}", who.cell, who.task, who.seed, who.trial,
                     NameOf(who.role), who.turn);
}

/// The key and the turn of a line; an error when it is no exchange.
struct LineHead {
  std::string key;
  std::uint32_t turn = 0;
  std::string hash;
};
Expected<LineHead> ReadHead(const Json& line) {
  const Json* seed = line.Find("seed");
  const std::int64_t trial = line.IntOr("trial", -1);
  const std::int64_t turn = line.IntOr("turn", -1);
  // A seed beyond 63 bits is written as a big integer; the key is made of its digits and takes either.
  const bool sound = seed != nullptr && (seed->is_int() || seed->is_big_int()) && trial >= 0 && turn >= 0 &&
                     turn <= INT32_MAX && line.Find("messages") != nullptr && line.Find("messages")->is_array() &&
                     Parse<Role>(line.StringOr("role", "")) &&
                     (line.Find("reply") != nullptr || line.Find("error") != nullptr);
  if (!sound) return WorldError("this line is no recorded exchange");
  const Json key =
      Json::MakeArray({line.StringOr("cell", ""), line.StringOr("task", ""), *seed, trial, line.StringOr("role", "")});
  return LineHead{key.Dump(), static_cast<std::uint32_t>(turn), std::string(line.StringOr("hash", ""))};
}

}  // namespace

std::string DescribeDifference(const Json& recorded, const Json& asked) {
  const Json null;
  const auto part = [&null](const Json& json, std::string_view name) -> const Json& {
    const Json* found = json.Find(name);
    return found == nullptr ? null : *found;
  };
  std::string words = MemberDifference("setting", part(recorded, "settings"), part(asked, "settings"));
  if (words.empty() && part(recorded, "system") != part(asked, "system")) {
    words = TextDifference("the system prompt", TextOf(part(recorded, "system")), TextOf(part(asked, "system")));
  }
  if (words.empty()) words = ListDifference("tool", part(recorded, "tools"), part(asked, "tools"));
  if (words.empty()) words = ListDifference("message", part(recorded, "messages"), part(asked, "messages"));
  // The hash is over the text, where the order of members counts; Json compares without it.
  return words.empty() ? "only the order of members differs" : words;
}

Expected<std::shared_ptr<const Recording>> Recording::Open(const std::vector<std::filesystem::path>& paths) {
  return OpenAll(paths, false);
}

Expected<std::shared_ptr<const Recording>> Recording::OpenSound(const std::vector<std::filesystem::path>& paths) {
  return OpenAll(paths, true);
}

std::string Recording::damage() const {
  if (left_out_ == 0) return {};
  return fmt::format("{}: {} line{} damaged, from here on; what they held is asked for again", first_left_out_,
                     left_out_, left_out_ == 1 ? " of exchanges is" : "s of exchanges are");
}

Expected<std::shared_ptr<const Recording>> Recording::OpenAll(const std::vector<std::filesystem::path>& paths,
                                                              bool only_sound) {
  auto recording = std::make_shared<Recording>();
  for (const std::filesystem::path& path : paths) {
    TRY_ASSIGN(LineFile file, LineFile::Open(path));
    TRY(recording->Index(std::move(file), path.string(), only_sound));
  }
  return recording;
}

Expected<std::shared_ptr<const Recording>> Recording::FromText(std::string text, const std::string& where) {
  auto recording = std::make_shared<Recording>();
  TRY(recording->Index(LineFile::OfText(std::move(text)), where));
  return recording;
}

Status Recording::IndexLine(std::string_view line, const Where& where, const std::string& at) {
  const auto summed = WithoutSum(line);
  const auto json = Json::Parse(line, at);
  if (!summed || !json) return WorldError("this line is damaged", at);
  // Both tell a head: exchanges of earlier versions have a system prompt beside their messages.
  if (json->Find("messages") == nullptr && json->Find("system") != nullptr) {
    heads_.insert_or_assign(std::string(json->StringOr("head", "")), where);
    return {};
  }
  Expected<LineHead> head = ReadHead(*json);
  if (!head) return WorldError(head.error().message, at);
  dialogues_[head->key].push_back({head->turn, head->hash, where});
  ++count_;
  return {};
}

Status Recording::Index(LineFile file, const std::string& where, bool only_sound) {
  files_.push_back(std::move(file));
  std::size_t number = 0;
  return files_.back().ForEachLine([&](std::string_view line, const LineFile::Place& place) -> Status {
    const std::string at = fmt::format("{}:{}", where, ++number);
    Status indexed = IndexLine(line, {files_.size() - 1, place}, at);
    if (indexed || !only_sound) return indexed;
    if (left_out_++ == 0) first_left_out_ = at;
    return {};
  });
}

Expected<Json> Recording::Read(const Where& where) const {
  TRY_ASSIGN(const std::string line, files_[where.file].LineAt(where.place));
  return Json::Parse(line);
}

const Recording::Line* Recording::LineOfTurn(const std::vector<Line>& dialogue, std::uint32_t turn) const {
  const Line* last = nullptr;
  for (const Line& line : dialogue) {
    // The last, not the first: a trial that was resumed asked again, and that answer is the one its row rests on.
    if (line.turn == turn) last = &line;
  }
  return last;
}

void Recording::SetHead(const Json& line, Json& request) const {
  const auto head = heads_.find(std::string(line.StringOr("head", "")));
  const auto said = head == heads_.end() ? Expected<Json>(line) : Read(head->second);
  for (const std::string_view part : {"settings", "system", "tools"}) {
    const Json* given = said ? said->Find(part) : nullptr;
    if (given != nullptr) request.Set(part, *given);
  }
}

std::optional<Json> Recording::RequestOfTurn(const std::vector<Line>& dialogue, std::uint32_t turn, int depth) const {
  const Line* found = LineOfTurn(dialogue, turn);
  if (found == nullptr || depth > kLongestDialogue) return std::nullopt;
  const auto line = Read(found->where);
  if (!line) return std::nullopt;
  Json request = Json::MakeObject();
  Json messages = Json::MakeArray();
  if (line->Find("after") != nullptr) {
    // "after" is always earlier, so this ends however the file was tampered with.
    const std::int64_t after = line->IntOr("after", -1);
    if (after < 0 || after >= turn) return std::nullopt;
    std::optional<Json> before = RequestOfTurn(dialogue, static_cast<std::uint32_t>(after), depth + 1);
    if (!before) return std::nullopt;
    const Json* earlier = before->Find("messages");
    const std::int64_t kept = line->IntOr("kept", 0);
    if (kept < 0 || static_cast<std::uint64_t>(kept) > earlier->size()) return std::nullopt;
    for (std::size_t i = 0; i < static_cast<std::size_t>(kept); ++i) messages.Append(earlier->items()[i]);
    request = std::move(*before);
  }
  SetHead(*line, request);
  for (const Json& message : line->Find("messages")->items()) messages.Append(message);
  request.Set("messages", std::move(messages));
  return request;
}

bool Recording::Holds(const CallIdentity& identity) const {
  // Asked before every call, also where nothing was recorded; the key is a text that would be made for it.
  if (dialogues_.empty()) return false;
  const auto dialogue = dialogues_.find(DialogueKey(identity));
  return dialogue != dialogues_.end() && LineOfTurn(dialogue->second, identity.turn) != nullptr;
}

Expected<ModelReply> Recording::Find(const CallIdentity& identity, const RequestText& request) const {
  const auto dialogue = dialogues_.find(DialogueKey(identity));
  const Line* line = dialogue == dialogues_.end() ? nullptr : LineOfTurn(dialogue->second, identity.turn);
  // By the hash alone: putting the recorded request together again is left to a miss, which has to say what differs.
  if (line == nullptr || line->hash != request.Hash()) return std::unexpected(Miss(identity, request));
  TRY_ASSIGN(const Json json, Read(line->where));
  if (const Json* error = json.Find("error")) {
    return EpisodeError(std::string(error->StringOr("message", "an error without a message")),
                        std::string(error->StringOr("where", "")));
  }
  return ReadReply(*json.Find("reply"));
}

Error Recording::Miss(const CallIdentity& identity, const RequestText& request) const {
  const auto say = [&](std::string words) {
    return Error{ErrorKind::kWorld, fmt::format("the recording does not hold this exchange: {}", words),
                 Described(identity)};
  };
  const auto dialogue = dialogues_.find(DialogueKey(identity));
  if (dialogue == dialogues_.end()) {
    return say(fmt::format("it has nothing of this role in this trial (it has {} exchanges of {} dialogues)", count_,
                           dialogues_.size()));
  }
  if (LineOfTurn(dialogue->second, identity.turn) == nullptr) {
    std::uint32_t last = 0;
    for (const Line& line : dialogue->second) last = std::max(last, line.turn);
    return say(fmt::format("the dialogue that was recorded ends with exchange {}", last));
  }
  const std::optional<Json> recorded = RequestOfTurn(dialogue->second, identity.turn, 0);
  const auto asked = Json::Parse(request.text());
  if (!recorded || !asked) return say("its request is another one, of which parts are missing");
  return say(DescribeDifference(*recorded, *asked));
}

}  // namespace xsweep
