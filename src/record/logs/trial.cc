// Trial: the row of trials.jsonl.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/trial.h"

#include <charconv>
#include <cmath>

#include "record/logs/row_keys.h"

namespace xsweep {
namespace {

using namespace row_keys;

template <class Integer>
void AppendNumber(Integer value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

/// Appends a key of the table, then a value.
/// Text in one go and no tree of Json: the keys and their order are fixed, and a row is written for every trial.
class RowWriter {
 public:
  explicit RowWriter(std::string& out) : out_(out) {}
  RowWriter& Raw(std::string_view text) {
    out_ += text;
    return *this;
  }
  template <class Integer>
    requires std::is_integral_v<Integer>
  RowWriter& Number(std::string_view key, Integer value) {
    out_ += key;
    AppendNumber(value, out_);
    return *this;
  }
  RowWriter& Text(std::string_view key, std::string_view value) {
    out_ += key;
    AppendJsonString(value, out_);
    return *this;
  }
  RowWriter& Real(std::string_view key, double value) {
    out_ += key;
    AppendJsonDouble(value, out_);
    return *this;
  }
  RowWriter& Flag(std::string_view key, bool value) { return Raw(key).Raw(value ? "true" : "false"); }
  RowWriter& Flag(std::string_view key, const std::optional<bool>& value) {
    return value ? Flag(key, *value) : Raw(key).Raw("null");
  }

 private:
  std::string& out_;
};

void AppendUsage(const Trial& trial, RowWriter& row) {
  row.Raw(kUsage);
  bool first = true;
  for (const Role role : kEvery<Role>) {
    const Usage& usage = trial.usage[role];
    if (usage == Usage()) continue;
    if (!std::exchange(first, false)) row.Raw(",");
    row.Text("", NameOf(role))
        .Number(kCalls, usage.calls)
        .Number(kPromptTokens, usage.prompt_tokens)
        .Number(kCompletionTokens, usage.completion_tokens);
    if (usage.cached_tokens > 0) row.Number(kCachedTokens, usage.cached_tokens);
    if (usage.written_tokens > 0) row.Number(kCacheWriteTokens, usage.written_tokens);
    if (usage.cost_known) {
      row.Real(kCost, static_cast<double>(usage.cost_nano_usd) / 1e9).Raw("}");
    } else {
      row.Raw(kCost).Raw("null}");
    }
  }
  row.Raw("}");
}

void AppendUnanswered(const Trial& trial, RowWriter& row) {
  if (!trial.unanswered.empty()) {
    row.Raw(kUnanswered);
    for (const auto& [name, count] : trial.unanswered) {
      row.Text(&name == &trial.unanswered.front().first ? "" : ",", name).Number(":", count);
    }
    row.Raw("}");
  }
  if (trial.answered_by.empty()) return;
  row.Raw(kAnsweredBy);
  for (const auto& [role, model] : trial.answered_by) {
    row.Text(&role == &trial.answered_by.front().first ? "" : ",", role).Text(":", model);
  }
  row.Raw("}");
}

void AppendAttack(const Trial& trial, RowWriter& row) {
  row.Text(kAttack, trial.goal)
      .Text(kChannel, NameOf(trial.channel))
      .Flag(kExposed, trial.exposure_unknown ? std::nullopt : std::optional(trial.exposed));
  if (trial.exposed) {
    row.Number(kExposedTurn, trial.exposed_turn);
  } else {
    row.Raw(kExposedTurn).Raw("null");
  }
  if (trial.delivery != Delivery::kNone) row.Text(kDelivery, NameOf(trial.delivery));
  row.Number(kAttempted, trial.attempted)
      .Number(kExecuted, trial.executed)
      .Number(kBlocked, trial.blocked)
      .Number(kQueries, trial.queries);
  if (trial.success_query > 0) row.Number(kSuccessQuery, trial.success_query);
  row.Real(kAmount, trial.amount_usd);
  if (trial.blocked_by) row.Text(kBlockedBy, NameOf(*trial.blocked_by));
  row.Raw("}");
}

/// The object at the outer of a double key; null where it is none.
const Json* ObjectAt(const Json& json, std::string_view key) {
  const Json* found = json.Find(Outer(key));
  return found != nullptr && found->is_object() ? found : nullptr;
}

std::int64_t IntAt(const Json& json, std::string_view key, std::int64_t fallback = 0) {
  return json.IntOr(Inner(key), fallback);
}

int SmallIntAt(const Json& json, std::string_view key) {
  const std::int64_t value = IntAt(json, key);
  // Rows come from elsewhere too: a number that no row of ours holds must not wrap around into another one.
  return value < 0 || value > INT32_MAX ? 0 : static_cast<int>(value);
}

std::string TextAt(const Json& json, std::string_view key) { return std::string(json.StringOr(Inner(key), "")); }

/// Empty where nothing, or a word of another version, stands there.
template <Worded Enum>
std::optional<Enum> WordAt(const Json& json, std::string_view key) {
  return Parse<Enum>(json.StringOr(Inner(key), ""));
}

Usage ReadUsage(const Json& json) {
  Usage usage;
  usage.calls = IntAt(json, kCalls);
  usage.prompt_tokens = IntAt(json, kPromptTokens);
  usage.completion_tokens = IntAt(json, kCompletionTokens);
  usage.cached_tokens = IntAt(json, kCachedTokens);
  usage.written_tokens = IntAt(json, kCacheWriteTokens);
  const Json* cost = json.Find(Inner(kCost));
  usage.cost_known = false;
  if (cost != nullptr && cost->is_number()) {
    const double nano = cost->AsDouble() * 1e9;
    // Beyond 64 bits llround gives anything; a cost that nobody can hold is an unknown one.
    if (std::fabs(nano) < 9e18) {
      usage.cost_nano_usd = std::llround(nano);
      usage.cost_known = true;
    }
  }
  return usage;
}

void ReadReplies(const Json& row, Trial& trial) {
  if (const Json* counts = ObjectAt(row, kUnanswered)) {
    for (const auto& [name, count] : counts->members()) {
      if (count.is_int()) trial.unanswered.emplace_back(name, count.AsInt());
    }
  }
  if (const Json* names = ObjectAt(row, kAnsweredBy)) {
    for (const auto& [role, model] : names->members()) {
      if (model.is_string()) trial.answered_by.emplace_back(role, model.AsString());
    }
  }
  const Json* usage = row.Find(Outer(kUsage));
  if (usage == nullptr) return;
  for (const Role role : kEvery<Role>) {
    if (const Json* part = usage->Find(NameOf(role))) trial.usage[role] = ReadUsage(*part);
  }
}

void ReadAttack(const Json& json, Trial& trial) {
  trial.goal = TextAt(json, kAttack);
  trial.channel = WordAt<Channel>(json, kChannel).value_or(Channel::kNone);
  trial.exposed = json.BoolOr(Inner(kExposed), false);
  const Json* exposed = json.Find(Inner(kExposed));
  trial.exposure_unknown = exposed != nullptr && exposed->is_null();
  trial.exposed_turn = SmallIntAt(json, kExposedTurn);
  trial.delivery = WordAt<Delivery>(json, kDelivery).value_or(Delivery::kNone);
  trial.attempted = SmallIntAt(json, kAttempted);
  trial.executed = SmallIntAt(json, kExecuted);
  trial.blocked = SmallIntAt(json, kBlocked);
  trial.queries = IntAt(json, kQueries);
  trial.success_query = IntAt(json, kSuccessQuery);
  trial.amount_usd = json.DoubleOr(Inner(kAmount), 0);
  trial.blocked_by = WordAt<BlockedBy>(json, kBlockedBy);
}

bool IsCount(const Json* value) {
  return value == nullptr || (value->is_number() && value->AsDouble() >= 0 && !value->is_double());
}
bool IsFlag(const Json* value) { return value == nullptr || value->is_bool() || value->is_null(); }

/// Whether what is counted of a row has the type that we write. Read as 0 or as nothing, "1" executed calls, or a task
/// success of 1, would be lost without a word.
bool CountsAreReadable(const Json& row) {
  const Json* attack = ObjectAt(row, kAttack);
  return IsFlag(row.Find(Inner(kTaskSuccess))) &&
         (attack == nullptr || (IsFlag(attack->Find(Inner(kExposed))) && IsCount(attack->Find(Inner(kAttempted))) &&
                                IsCount(attack->Find(Inner(kExecuted))) && IsCount(attack->Find(Inner(kBlocked)))));
}

void ReadEnd(const Json& row, Trial& trial) {
  if (const Json* hashes = row.Find(Outer(kTaskHash))) {
    trial.task_hash = TextAt(*hashes, kTaskHash);
    trial.payload_hash = TextAt(*hashes, kPayloadHash);
    trial.policy_hash = TextAt(*hashes, kPolicyHash);
    trial.judge_hash = TextAt(*hashes, kJudgeHash);
  }
  if (const Json* error = ObjectAt(row, kErrorKind)) {
    trial.error_kind = WordAt<TrialError>(*error, kErrorKind).value_or(TrialError::kEpisode);
    trial.error_message = TextAt(*error, kErrorMessage);
  }
}

}  // namespace

void AppendTrialRow(const Trial& trial, std::string& out) {
  RowWriter row(out);
  row.Number(kIndex, trial.index)
      .Text(kCell, trial.cell)
      .Text(kTask, trial.task)
      .Number(kSeed, trial.seed)
      .Number(kTrial, trial.trial);
  if (trial.dialogue) row.Number(kDialogue, *trial.dialogue);
  row.Text(kOutcome, NameOf(trial.outcome)).Flag(kTaskSuccess, trial.task_success);
  if (trial.reward) row.Real(kReward, *trial.reward);
  AppendAttack(trial, row);
  row.Number(kTurns, trial.turns).Number(kToolCalls, trial.tool_calls).Text(kStop, NameOf(trial.stop));
  AppendUnanswered(trial, row);
  AppendUsage(trial, row);
  row.Number(kAttempt, trial.attempt)
      .Text(kTaskHash, trial.task_hash)
      .Text(kPayloadHash, trial.payload_hash)
      .Text(kPolicyHash, trial.policy_hash)
      .Text(kJudgeHash, trial.judge_hash);
  if (!trial.error_kind) {
    row.Raw(kNoError);
  } else {
    row.Text(kErrorKind, NameOf(*trial.error_kind)).Text(kErrorMessage, trial.error_message).Raw(kErrorEnd);
  }
}

Expected<Trial> ParseTrialRow(std::string_view line, std::string_view where) {
  TRY_ASSIGN(const Json row, Json::Parse(line, std::string(where)));
  return ReadTrialRow(row, where);
}

Expected<Trial> ReadTrialRow(const Json& row, std::string_view where) {
  // Rates are counts of outcomes, so an unknown one is a fault; other unknown words read as the nearest known.
  const auto outcome = WordAt<Outcome>(row, kOutcome);
  const std::int64_t index = IntAt(row, kIndex, -1);
  if (!row.is_object() || !outcome || index < 0 || row.Find(Inner(kCell)) == nullptr ||
      row.Find(Inner(kTask)) == nullptr) {
    return UserError("is not a trial row (needs index, cell, task and a known outcome)", std::string(where));
  }
  if (!CountsAreReadable(row))
    return UserError("is not a trial row (its counts are no whole numbers, or its flags neither true, false nor null)",
                     std::string(where));
  Trial trial;
  trial.index = static_cast<std::uint64_t>(index);
  trial.cell = TextAt(row, kCell);
  trial.task = TextAt(row, kTask);
  trial.seed = static_cast<std::uint64_t>(IntAt(row, kSeed));
  trial.trial = static_cast<std::uint32_t>(SmallIntAt(row, kTrial));
  if (const std::int64_t dialogue = IntAt(row, kDialogue, -1); dialogue >= 0)
    trial.dialogue = static_cast<std::uint64_t>(dialogue);
  trial.outcome = *outcome;
  if (const Json* reward = row.Find(Inner(kReward)); reward != nullptr && reward->is_number())
    trial.reward = reward->AsDouble();
  if (const Json* success = row.Find(Inner(kTaskSuccess)); success != nullptr && success->is_bool())
    trial.task_success = success->AsBool();
  if (const Json* attack = row.Find(Outer(kAttack))) ReadAttack(*attack, trial);
  trial.turns = SmallIntAt(row, kTurns);
  trial.tool_calls = SmallIntAt(row, kToolCalls);
  trial.stop = WordAt<Stop>(row, kStop).value_or(Stop::kNone);
  ReadReplies(row, trial);
  trial.attempt = static_cast<std::uint32_t>(SmallIntAt(row, kAttempt));
  ReadEnd(row, trial);
  return trial;
}

}  // namespace xsweep
