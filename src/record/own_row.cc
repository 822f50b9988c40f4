// OwnRow: reads a row as AppendTrialRow writes it.
// SPDX-License-Identifier: Apache-2.0
#include "record/own_row.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>

namespace xsweep {
namespace {

/// A position in the line; the first surprise makes all that follows fail.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  bool Skip(std::string_view literal) {
    if (!ok_ || !rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }
  void Need(std::string_view literal) { ok_ = Skip(literal); }

  std::string_view Text() {
    Need("\"");
    const std::size_t end = rest_.find_first_of("\"\\");
    if (!ok_ || end == std::string_view::npos || rest_[end] == '\\') return Fail();
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  template <class Number>
  void Read(Number& value) {
    const auto [end, code] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    ok_ = ok_ && code == std::errc();
    if (ok_) rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  }
  std::optional<bool> Flag() {
    if (Skip("true")) return true;
    if (Skip("false")) return false;
    Need("null");
    return std::nullopt;
  }

 private:
  std::string_view Fail() {
    ok_ = false;
    return {};
  }
  std::string_view rest_;
  bool ok_ = true;
};

void ReadAttack(Cursor& row, Trial& trial) {
  row.Need(",\"attack\":{\"goal\":");
  trial.goal = row.Text();
  row.Need(",\"channel\":");
  trial.channel = Parse<Channel>(row.Text()).value_or(Channel::kNone);
  row.Need(",\"exposed\":");
  const std::optional<bool> exposed = row.Flag();
  trial.exposed = exposed.value_or(false);
  trial.exposure_unknown = !exposed;
  row.Need(",\"exposed_turn\":");
  if (!row.Skip("null")) row.Read(trial.exposed_turn);
  if (row.Skip(",\"delivery\":")) trial.delivery = Parse<Delivery>(row.Text()).value_or(Delivery::kNone);
  row.Need(",\"attempted\":");
  row.Read(trial.attempted);
  row.Need(",\"executed\":");
  row.Read(trial.executed);
  row.Need(",\"blocked\":");
  row.Read(trial.blocked);
  row.Need(",\"queries\":");
  row.Read(trial.queries);
  if (row.Skip(",\"success_query\":")) row.Read(trial.success_query);
  row.Need(",\"amount_usd\":");
  row.Read(trial.amount_usd);
  if (row.Skip(",\"blocked_by\":")) trial.blocked_by = row.Text();
  row.Need("}");
}

void ReadUsage(Cursor& row, Usage& usage) {
  row.Need(":{\"calls\":");
  row.Read(usage.calls);
  row.Need(",\"prompt_tokens\":");
  row.Read(usage.prompt_tokens);
  row.Need(",\"completion_tokens\":");
  row.Read(usage.completion_tokens);
  row.Need(",\"cost_usd\":");
  usage.cost_known = !row.Skip("null");
  if (usage.cost_known) {
    double usd = 0;
    row.Read(usd);
    usage.cost_known = std::fabs(usd * 1e9) < 9e18;
    if (usage.cost_known) usage.cost_nano_usd = std::llround(usd * 1e9);
  }
  row.Need("}");
}

void ReadRoles(Cursor& row, Trial& trial) {
  row.Need(",\"usage\":{");
  while (row.ok() && !row.Skip("}")) {
    row.Skip(",");
    const auto role = Parse<Role>(row.Text());
    if (!role) return row.Need("no such role");
    ReadUsage(row, trial.usage[*role]);
  }
}

void ReadHashes(Cursor& row, Trial& trial) {
  row.Need(",\"hashes\":{\"task\":");
  trial.task_hash = row.Text();
  row.Need(",\"payload\":");
  trial.payload_hash = row.Text();
  row.Need(",\"policy\":");
  trial.policy_hash = row.Text();
  row.Need(",\"judge\":");
  trial.judge_hash = row.Text();
  if (row.Skip("},\"error\":null}")) return;
  row.Need("},\"error\":{\"kind\":");
  trial.error_kind = row.Text();
  row.Need(",\"message\":");
  trial.error_message = row.Text();
  row.Need("}}");
}

void ReadRow(Cursor& row, Trial& trial) {
  row.Need("{\"index\":");
  row.Read(trial.index);
  row.Need(",\"cell\":");
  trial.cell = row.Text();
  row.Need(",\"task\":");
  trial.task = row.Text();
  row.Need(",\"seed\":");
  row.Read(trial.seed);
  row.Need(",\"trial\":");
  row.Read(trial.trial);
  if (row.Skip(",\"dialogue\":")) row.Read(trial.dialogue.emplace());
  row.Need(",\"outcome\":");
  const auto outcome = Parse<Outcome>(row.Text());
  trial.outcome = outcome.value_or(Outcome::kError);
  row.Need(",\"task_success\":");
  trial.task_success = row.Flag();
  ReadAttack(row, trial);
  row.Need(",\"turns\":");
  row.Read(trial.turns);
  row.Need(",\"tool_calls\":");
  row.Read(trial.tool_calls);
  row.Need(",\"stop\":");
  trial.stop = Parse<Stop>(row.Text()).value_or(Stop::kNone);
  ReadRoles(row, trial);
  row.Need(",\"attempt\":");
  row.Read(trial.attempt);
  ReadHashes(row, trial);
}

}  // namespace

std::optional<Trial> ReadOwnRow(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  std::optional<Trial> trial(std::in_place);
  Cursor row(line);
  ReadRow(row, *trial);
  if (!row.ok() || !row.at_end()) return std::nullopt;
  thread_local std::string again;
  again.clear();
  AppendTrialRow(*trial, again);
  if (std::string_view(again).substr(0, again.size() - 1) != line) return std::nullopt;
  return trial;
}

}  // namespace xsweep
