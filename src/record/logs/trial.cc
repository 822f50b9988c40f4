// Trial: the row of trials.jsonl.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/trial.h"

#include <charconv>
#include <cmath>

#include "base/json.h"

namespace xsweep {
namespace {

template <class Integer>
void AppendNumber(Integer value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

/// Appends `,"key":` (the comma is part of `key`), then a value.
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
  row.Raw(",\"usage\":{");
  bool first = true;
  for (const Role role : kEvery<Role>) {
    const Usage& usage = trial.usage[role];
    if (usage == Usage()) continue;
    if (!std::exchange(first, false)) row.Raw(",");
    row.Text("", NameOf(role))
        .Number(":{\"calls\":", usage.calls)
        .Number(",\"prompt_tokens\":", usage.prompt_tokens)
        .Number(",\"completion_tokens\":", usage.completion_tokens);
    if (usage.cached_tokens > 0) row.Number(",\"cached_tokens\":", usage.cached_tokens);
    if (usage.written_tokens > 0) row.Number(",\"cache_write_tokens\":", usage.written_tokens);
    if (usage.cost_known) {
      row.Real(",\"cost_usd\":", static_cast<double>(usage.cost_nano_usd) / 1e9).Raw("}");
    } else {
      row.Raw(",\"cost_usd\":null}");
    }
  }
  row.Raw("}");
}

void AppendUnanswered(const Trial& trial, RowWriter& row) {
  if (!trial.unanswered.empty()) {
    row.Raw(",\"unanswered\":{");
    for (const auto& [name, count] : trial.unanswered) {
      row.Text(&name == &trial.unanswered.front().first ? "" : ",", name).Number(":", count);
    }
    row.Raw("}");
  }
  if (trial.answered_by.empty()) return;
  row.Raw(",\"answered_by\":{");
  for (const auto& [role, model] : trial.answered_by) {
    row.Text(&role == &trial.answered_by.front().first ? "" : ",", role).Text(":", model);
  }
  row.Raw("}");
}

void ReadUnanswered(const Json& row, Trial& trial) {
  if (const Json* counts = row.Find("unanswered"); counts != nullptr && counts->is_object()) {
    for (const auto& [name, count] : counts->members()) {
      if (count.is_int()) trial.unanswered.emplace_back(name, count.AsInt());
    }
  }
  if (const Json* names = row.Find("answered_by"); names != nullptr && names->is_object()) {
    for (const auto& [role, model] : names->members()) {
      if (model.is_string()) trial.answered_by.emplace_back(role, model.AsString());
    }
  }
}

void AppendAttack(const Trial& trial, RowWriter& row) {
  row.Text(",\"attack\":{\"goal\":", trial.goal)
      .Text(",\"channel\":", NameOf(trial.channel))
      .Flag(",\"exposed\":", trial.exposure_unknown ? std::nullopt : std::optional(trial.exposed));
  if (trial.exposed) {
    row.Number(",\"exposed_turn\":", trial.exposed_turn);
  } else {
    row.Raw(",\"exposed_turn\":null");
  }
  if (trial.delivery != Delivery::kNone) row.Text(",\"delivery\":", NameOf(trial.delivery));
  row.Number(",\"attempted\":", trial.attempted)
      .Number(",\"executed\":", trial.executed)
      .Number(",\"blocked\":", trial.blocked)
      .Number(",\"queries\":", trial.queries);
  if (trial.success_query > 0) row.Number(",\"success_query\":", trial.success_query);
  row.Real(",\"amount_usd\":", trial.amount_usd);
  if (!trial.blocked_by.empty()) row.Text(",\"blocked_by\":", trial.blocked_by);
  row.Raw("}");
}

Usage ParseUsage(const Json& json) {
  Usage usage;
  usage.calls = json.IntOr("calls", 0);
  usage.prompt_tokens = json.IntOr("prompt_tokens", 0);
  usage.completion_tokens = json.IntOr("completion_tokens", 0);
  usage.cached_tokens = json.IntOr("cached_tokens", 0);
  usage.written_tokens = json.IntOr("cache_write_tokens", 0);
  const Json* cost = json.Find("cost_usd");
  usage.cost_known = false;
  if (cost != nullptr && cost->is_number()) {
    const double nano = cost->AsDouble() * 1e9;
    if (std::fabs(nano) < 9e18) {
      usage.cost_nano_usd = std::llround(nano);
      usage.cost_known = true;
    }
  }
  return usage;
}

int SmallInt(const Json& json, std::string_view key) {
  const std::int64_t value = json.IntOr(key, 0);
  return value < 0 || value > INT32_MAX ? 0 : static_cast<int>(value);
}

void ParseAttack(const Json& json, Trial& trial) {
  trial.goal = json.StringOr("goal", "");
  trial.channel = Parse<Channel>(json.StringOr("channel", "")).value_or(Channel::kNone);
  trial.exposed = json.BoolOr("exposed", false);
  const Json* exposed = json.Find("exposed");
  trial.exposure_unknown = exposed != nullptr && exposed->is_null();
  trial.exposed_turn = SmallInt(json, "exposed_turn");
  trial.delivery = Parse<Delivery>(json.StringOr("delivery", "")).value_or(Delivery::kNone);
  trial.attempted = SmallInt(json, "attempted");
  trial.executed = SmallInt(json, "executed");
  trial.blocked = SmallInt(json, "blocked");
  trial.queries = json.IntOr("queries", 0);
  trial.success_query = json.IntOr("success_query", 0);
  trial.amount_usd = json.DoubleOr("amount_usd", 0);
  trial.blocked_by = json.StringOr("blocked_by", "");
}

}  // namespace

void AppendTrialRow(const Trial& trial, std::string& out) {
  RowWriter row(out);
  row.Number("{\"index\":", trial.index)
      .Text(",\"cell\":", trial.cell)
      .Text(",\"task\":", trial.task)
      .Number(",\"seed\":", trial.seed)
      .Number(",\"trial\":", trial.trial);
  if (trial.dialogue) row.Number(",\"dialogue\":", *trial.dialogue);
  row.Text(",\"outcome\":", NameOf(trial.outcome)).Flag(",\"task_success\":", trial.task_success);
  if (trial.reward) row.Real(",\"reward\":", *trial.reward);
  AppendAttack(trial, row);
  row.Number(",\"turns\":", trial.turns)
      .Number(",\"tool_calls\":", trial.tool_calls)
      .Text(",\"stop\":", NameOf(trial.stop));
  AppendUnanswered(trial, row);
  AppendUsage(trial, row);
  row.Number(",\"attempt\":", trial.attempt)
      .Text(",\"hashes\":{\"task\":", trial.task_hash)
      .Text(",\"payload\":", trial.payload_hash)
      .Text(",\"policy\":", trial.policy_hash)
      .Text(",\"judge\":", trial.judge_hash);
  if (trial.error_kind.empty()) {
    row.Raw("},\"error\":null}\n");
  } else {
    row.Text("},\"error\":{\"kind\":", trial.error_kind).Text(",\"message\":", trial.error_message).Raw("}}\n");
  }
}

Expected<Trial> ParseTrialRow(std::string_view line, std::string_view where) {
  TRY_ASSIGN(const Json row, Json::Parse(line, std::string(where)));
  const auto outcome = Parse<Outcome>(row.StringOr("outcome", ""));
  const std::int64_t index = row.IntOr("index", -1);
  if (!row.is_object() || !outcome || index < 0 || row.Find("cell") == nullptr || row.Find("task") == nullptr) {
    return UserError("is not a trial row (needs index, cell, task and a known outcome)", std::string(where));
  }
  Trial trial;
  trial.index = static_cast<std::uint64_t>(index);
  trial.cell = row.StringOr("cell", "");
  trial.task = row.StringOr("task", "");
  trial.seed = static_cast<std::uint64_t>(row.IntOr("seed", 0));
  trial.trial = static_cast<std::uint32_t>(SmallInt(row, "trial"));
  if (const std::int64_t dialogue = row.IntOr("dialogue", -1); dialogue >= 0)
    trial.dialogue = static_cast<std::uint64_t>(dialogue);
  trial.outcome = *outcome;
  if (const Json* reward = row.Find("reward"); reward != nullptr && reward->is_number()) {
    trial.reward = reward->AsDouble();
  }
  if (const Json* success = row.Find("task_success"); success != nullptr && success->is_bool()) {
    trial.task_success = success->AsBool();
  }
  if (const Json* attack = row.Find("attack")) ParseAttack(*attack, trial);
  trial.turns = SmallInt(row, "turns");
  trial.tool_calls = SmallInt(row, "tool_calls");
  trial.stop = Parse<Stop>(row.StringOr("stop", "")).value_or(Stop::kNone);
  ReadUnanswered(row, trial);
  if (const Json* usage = row.Find("usage")) {
    for (const Role role : kEvery<Role>) {
      if (const Json* part = usage->Find(NameOf(role))) trial.usage[role] = ParseUsage(*part);
    }
  }
  trial.attempt = static_cast<std::uint32_t>(SmallInt(row, "attempt"));
  if (const Json* hashes = row.Find("hashes")) {
    trial.task_hash = hashes->StringOr("task", "");
    trial.payload_hash = hashes->StringOr("payload", "");
    trial.policy_hash = hashes->StringOr("policy", "");
    trial.judge_hash = hashes->StringOr("judge", "");
  }
  if (const Json* error = row.Find("error"); error != nullptr && error->is_object()) {
    trial.error_kind = error->StringOr("kind", "episode");
    trial.error_message = error->StringOr("message", "");
  }
  return trial;
}

}  // namespace xsweep
