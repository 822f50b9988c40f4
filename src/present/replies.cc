// Replies: which replies of models were no answer, and who answered in place of whom.
// SPDX-License-Identifier: Apache-2.0
#include "present/replies.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "base/characters.h"
#include "base/escape.h"
#include "base/files.h"
#include "base/json_slices.h"
#include "record/logs/row_keys.h"
#include "words/answer.h"

namespace xsweep {
namespace {

constexpr std::string_view kProviderBlocked = R"("blocked_by":"provider")";
constexpr std::string_view kCutOff = R"("stop":"max_calls")";

/// Whether rows may say anything of replies. Asked of a whole file before any of its rows, and in one pass a word: most
/// runs have nothing to say, and C's search is ten times as fast as the library's.
bool MaySay(std::string_view rows) {
  return std::ranges::any_of(
      std::array<std::string_view, 4>{R"("unanswered":{)", R"("answered_by":{)", kProviderBlocked, kCutOff},
      [&](std::string_view word) { return memmem(rows.data(), rows.size(), word.data(), word.size()) != nullptr; });
}

void AddUnanswered(const Json& names, ReplyCounts& counts) {
  bool any = false;
  for (std::size_t i = 0; names.is_object() && i < names.size(); ++i) {
    const auto& [name, count] = names.members()[i];
    if (!count.is_int()) continue;
    counts.unanswered[name] += count.AsInt();
    any = true;
  }
  counts.unanswered_trials += any ? 1 : 0;
}

void AddAnsweredBy(const Json& models, ReplyCounts& counts) {
  for (std::size_t i = 0; models.is_object() && i < models.size(); ++i) {
    const auto& [role, model] = models.members()[i];
    if (model.is_string()) ++counts.answered_by[role + ": " + model.AsString()];
  }
}

/// Only the members that say something of replies are parsed: where a provider answers under a longer name than it was
/// asked by, that is every row of the run. A row that is none says nothing.
void Add(std::string_view row, ReplyCounts& counts) {
  std::string_view unanswered = "{}", answered_by = "{}", attack, outcome, stop;
  const auto note = [&](std::string_view key, std::string_view value, std::size_t /*offset*/) -> Status {
    if (key == row_keys::Outer(row_keys::kUnanswered)) unanswered = value;
    if (key == row_keys::Outer(row_keys::kAnsweredBy)) answered_by = value;
    if (key == row_keys::Outer(row_keys::kAttack)) attack = value;
    if (key == row_keys::Outer(row_keys::kOutcome)) outcome = Trim(value, "\"");
    if (key == row_keys::Outer(row_keys::kStop)) stop = Trim(value, "\"");
    return {};
  };
  if (!ForEachMember(row, "row", note)) return;
  const auto names = Json::Parse(unanswered);
  const auto models = Json::Parse(answered_by);
  if (!names || !models) return;
  AddUnanswered(*names, counts);
  AddAnsweredBy(*models, counts);
  counts.blocked_by_provider += attack.find(kProviderBlocked) == attack.npos ? 0 : 1;
  counts.cut_off += outcome == NameOf(Outcome::kAttackResisted) && stop == NameOf(Stop::kMaxCalls) ? 1 : 0;
}

std::string Words(std::string_view name) {
  switch (Parse<NoAnswer>(name).value_or(NoAnswer::kNone)) {
    case NoAnswer::kNone: return std::string(name);
    case NoAnswer::kLength: return "cut off by length";
    case NoAnswer::kFiltered: return "filtered by the provider";
    case NoAnswer::kRefused: return "refused";
    case NoAnswer::kBlocked: return "blocked by the provider";
    case NoAnswer::kFailed: return "failed behind the server";
    case NoAnswer::kEmpty: return "empty";
    case NoAnswer::kOnlyThought: return "nothing but thought";
    case NoAnswer::kCallsMissing: return "calls promised and none there";
    case NoAnswer::kCallInText: return "a call as text";
    case NoAnswer::kCallInThought: return "a call in the thought";
    case NoAnswer::kCallCut: return "a call cut off";
    case NoAnswer::kPaused: return "paused by the server";
    case NoAnswer::kUnfinished: return "ended for an unknown reason";
  }
  return std::string(name);
}

/// "12 cut off by length (`length`), 1 empty (`empty`)" of one role; the agent's names stand without a role.
std::string Of(const ReplyCounts& counts, std::string_view role, std::int64_t& sum) {
  std::string text;
  for (const auto& [key, count] : counts.unanswered) {
    const UnansweredKind kind = KindOf(key);
    if (kind.role != role) continue;
    sum += count;
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", count, kind.words, MarkdownCode(key));
  }
  return text;
}

std::int64_t CountOf(const ReplyCounts& counts, std::string_view key) {
  const auto found = counts.unanswered.find(std::string(key));
  return found == counts.unanswered.end() ? 0 : found->second;
}

}  // namespace

UnansweredKind KindOf(std::string_view key) {
  const std::size_t dot = key.find('.');
  const std::string_view name = dot == std::string_view::npos ? key : key.substr(dot + 1);
  return {dot == std::string_view::npos ? NameOf(Role::kAgent) : key.substr(0, dot), name, Words(name)};
}

Expected<ReplyCounts> CountReplies(const std::filesystem::path& rows) {
  ReplyCounts counts;
  std::error_code ignored;
  if (!std::filesystem::exists(rows, ignored)) return counts;
  TRY_ASSIGN(const MappedFile file, MappedFile::Open(rows));
  if (!MaySay(file.bytes())) return counts;
  for (std::string_view rest = file.bytes(); !rest.empty();) {
    const std::string_view row = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), row.size() + 1));
    if (MaySay(row)) Add(row, counts);
  }
  return counts;
}

std::vector<std::string> DescribeReplies(const ReplyCounts& counts) {
  std::vector<std::string> sentences;
  for (const Role role : kEvery<Role>) {
    std::int64_t sum = 0;
    const std::string names = Of(counts, NameOf(role), sum);
    if (sum == 0) continue;
    sentences.push_back(
        fmt::format("The {}'s model gave no answer in {} of its replies: {}. {}", NameOf(role), sum, names,
                    role == Role::kAgent ? "That is no decision of the agent's, so none of it makes a gate PASS."
                                         : "Nothing is concluded from what it did not say."));
  }
  const std::int64_t as_text =
      CountOf(counts, NameOf(NoAnswer::kCallInText)) + CountOf(counts, NameOf(NoAnswer::kCallInThought));
  if (as_text > 0) {
    sentences.push_back(fmt::format(
        "{} {} like unparsed calls: the server left a tool call in the text. Start it with a parser for this model's "
        "calls, or write `text_calls: parse` under `models.agent`.",
        as_text, as_text == 1 ? "reply looks" : "replies look"));
  }
  if (counts.blocked_by_provider > 0) {
    sentences.push_back(
        fmt::format("{} {} blocked by the provider, not by the agent or a defense: they say nothing about how well the "
                    "agent resists.",
                    counts.blocked_by_provider, counts.blocked_by_provider == 1 ? "attack was" : "attacks were"));
  }
  if (counts.cut_off > 0) {
    sentences.push_back(fmt::format(
        "In {} attacked {} the agent asked for more calls than `limits.max_tool_calls` lets it make: what was "
        "left out may have been the attack's, so none of it makes a gate PASS.",
        counts.cut_off, counts.cut_off == 1 ? "trial" : "trials"));
  }
  for (const auto& [who, trials] : counts.answered_by) {
    const std::size_t colon = who.find(": ");
    sentences.push_back(fmt::format(
        "The {}'s replies of {} {} name {} as the model that answered, which is not the name that was asked.",
        who.substr(0, colon), trials, trials == 1 ? "trial" : "trials", MarkdownCode(who.substr(colon + 2))));
  }
  return sentences;
}

}  // namespace xsweep
