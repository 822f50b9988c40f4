// Scans rows exactly as AppendTrialRow writes them; whatever looks different is left to the general reader.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/row_scanner.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "record/logs/row_keys.h"

namespace xsweep {
namespace {

using namespace row_keys;

/// `"attack_resisted"`.
template <Outcome kOutcome>
constexpr auto kQuoted = [] {
  constexpr std::string_view kName = NameOf(kOutcome);
  std::array<char, kName.size() + 3> word{'"'};
  *std::ranges::copy(kName, word.begin() + 1).out = '"';
  return word;
}();

Outcome ScanOutcome(RowCursor& cursor) {
  auto outcome = Outcome::kError;
  const bool known = [&]<std::size_t... kPlaces>(std::index_sequence<kPlaces...>) {
    return ((cursor.Skip(kQuoted<static_cast<Outcome>(kPlaces)>) && (outcome = static_cast<Outcome>(kPlaces), true)) ||
            ...);
  }(std::make_index_sequence<kCount<Outcome>>());
  if (!known) cursor.Fail();
  return outcome;
}

std::int8_t ScanTaskSuccess(RowCursor& cursor) {
  if (cursor.Skip("null")) return -1;
  return cursor.Flag() ? 1 : 0;
}

/// As record/logs/trial.cc rounds it. "0.0" is by far the most frequent.
void ScanCost(RowCursor& cursor, TrialCounts& counts) {
  if (cursor.Skip("0.0}")) return;
  if (cursor.Skip("null}")) {
    counts.unknown_cost = true;
    return;
  }
  if (const std::int64_t nano = cursor.NanoUnits(); nano >= 0) {
    counts.cost_nano_usd += nano;
    return cursor.Need("}");
  }
  const std::string_view text = cursor.Number();
  cursor.Need("}");
  double usd = 0;
  if (!cursor.ok() || std::from_chars(text.data(), text.data() + text.size(), usd).ec != std::errc()) {
    return cursor.Fail();
  }
  if (std::fabs(usd * 1e9) < 9e18) {
    counts.cost_nano_usd += std::llround(usd * 1e9);
  } else {
    counts.unknown_cost = true;
  }
}

void ScanUsageOf(RowCursor& cursor, TrialCounts& counts) {
  counts.calls += cursor.Count();
  cursor.Need(kPromptTokens);
  counts.prompt_tokens += cursor.Count();
  cursor.Need(kCompletionTokens);
  counts.completion_tokens += cursor.Count();
  if (cursor.Skip(kCachedTokens)) counts.cached_tokens += cursor.Count();
  if (cursor.Skip(kCacheWriteTokens)) cursor.Count();
  cursor.Need(kCost);
  ScanCost(cursor, counts);
}

/// Roles stand in their order, those without calls are left out.
template <Role kRole>
void ScanRole(RowCursor& cursor, bool& first, TrialCounts& counts) {
  if (!cursor.ok()) return;
  // Tried on a copy: a comma that is taken before a role that is not there would have to be given back.
  RowCursor ahead = cursor;
  if (!first && !ahead.Skip(",")) return;
  if (!ahead.Skip(kRoleCalls<kRole>)) return;
  cursor = ahead;
  first = false;
  ScanUsageOf(cursor, counts);
}

void ScanUsage(RowCursor& cursor, TrialCounts& counts) {
  cursor.Need(kUsage);
  bool first = true;
  [&]<std::size_t... kPlaces>(std::index_sequence<kPlaces...>) {
    (ScanRole<static_cast<Role>(kPlaces)>(cursor, first, counts), ...);
  }(std::make_index_sequence<kCount<Role>>());
  cursor.Need("}");
}

/// Servers often answer under a longer name than they were asked by; who that was is not counted here.
void ScanAnsweredBy(RowCursor& cursor) {
  if (!cursor.Skip(kAnsweredBy)) return;
  do {
    cursor.Text();
    cursor.Need(":");
    cursor.Text();
  } while (cursor.ok() && cursor.Skip(","));
  cursor.Need("}");
}

void ScanAttack(RowCursor& cursor, TrialCounts& counts) {
  cursor.Need(kAttack);
  cursor.Text();
  cursor.Need(kChannel);
  cursor.Text();
  cursor.Need(kExposed);
  counts.exposure_unknown = cursor.Skip("null");
  if (!counts.exposure_unknown) counts.exposed = cursor.Flag();
  cursor.Need(kExposedTurn);
  if (!cursor.Skip("null")) cursor.Count(INT32_MAX);
  if (cursor.Skip(kDelivery)) cursor.Text();
  cursor.Need(kAttempted);
  counts.attempted = cursor.Count(INT32_MAX);
  cursor.Need(kExecuted);
  counts.executed = cursor.Count(INT32_MAX);
  cursor.Need(kBlocked);
  counts.blocked = cursor.Count(INT32_MAX);
  cursor.Need(kQueries);
  counts.queries = cursor.Count();
  if (cursor.Skip(kSuccessQuery)) counts.success_query = cursor.Count();
  cursor.Need(kAmount);
  // An exponent could be out of range, which only the general reader judges.
  cursor.Decimal();
  // What a provider or an agent blocked is counted by the general reader.
  if (cursor.Skip(kBlockedBy)) cursor.Need("\"defense\"");
  cursor.Need("}");
}

void ScanHashes(RowCursor& cursor, TrialRow& row) {
  cursor.Need(kTaskHash);
  row.task_hash = cursor.Hash();
  cursor.Need(kPayloadHash);
  row.payload_hash = cursor.Hash();
  cursor.Need(kPolicyHash);
  row.policy_hash = cursor.Hash();
  cursor.Need(kJudgeHash);
  row.judge_hash = cursor.Hash();
}

void ScanError(RowCursor& cursor) {
  if (cursor.Skip(kNoError)) return;
  cursor.Need(kErrorKind);
  cursor.Text();
  cursor.Need(kErrorMessage);
  cursor.Text();
  cursor.Need(kErrorEnd);
}

void ScanIdentity(RowCursor& cursor, TrialRow& row) {
  cursor.Need(kIndex);
  row.index = static_cast<std::uint64_t>(cursor.Count());
  cursor.Need(kCell);
  row.cell = cursor.Text();
  cursor.Need(kTask);
  row.task = cursor.Text();
  cursor.Need(kSeed);
  row.seed = static_cast<std::uint64_t>(cursor.Count());
  cursor.Need(kTrial);
  row.trial = static_cast<std::uint32_t>(cursor.Count(INT32_MAX));
  if (cursor.Skip(kDialogue)) {
    cursor.Count();
    row.counts.shared = true;
  }
}

/// The limit on calls left out what the agent asked for last, which may have been what the attacker wants.
bool CutOff(Outcome outcome, std::string_view stop) {
  return outcome == Outcome::kAttackResisted && stop == NameOf(Stop::kMaxCalls);
}

/// Replies of other roles than the agent's have a dot in their names; those end in an error of their own.
bool Undecided(const Trial& trial) {
  const auto of_agent = [](const auto& entry) { return entry.first.find('.') == std::string::npos; };
  return (trial.outcome == Outcome::kAttackBlocked && trial.blocked_by == BlockedBy::kProvider) ||
         (trial.outcome == Outcome::kAttackResisted && std::ranges::any_of(trial.unanswered, of_agent)) ||
         CutOff(trial.outcome, NameOf(trial.stop));
}

}  // namespace

const char* ScanTrialRow(const char* at, TrialRow& row) {
  row = TrialRow();
  RowCursor cursor(at);
  ScanIdentity(cursor, row);
  cursor.Need(kOutcome);
  row.counts.outcome = ScanOutcome(cursor);
  cursor.Need(kTaskSuccess);
  row.counts.task_success = ScanTaskSuccess(cursor);
  if (cursor.Skip(kReward)) cursor.Decimal();
  ScanAttack(cursor, row.counts);
  cursor.Need(kTurns);
  row.counts.turns = cursor.Count(INT32_MAX);
  cursor.Need(kToolCalls);
  row.counts.tool_calls = cursor.Count(INT32_MAX);
  cursor.Need(kStop);
  row.counts.undecided = CutOff(row.counts.outcome, cursor.Text());
  ScanAnsweredBy(cursor);
  ScanUsage(cursor, row.counts);
  cursor.Need(kAttempt);
  cursor.Count(INT32_MAX);
  ScanHashes(cursor, row);
  ScanError(cursor);
  return cursor.at();
}

TrialCounts CountsOf(const Trial& trial) {
  TrialCounts counts{.outcome = trial.outcome, .exposed = trial.exposed, .exposure_unknown = trial.exposure_unknown};
  if (trial.task_success) counts.task_success = *trial.task_success ? 1 : 0;
  counts.undecided = Undecided(trial);
  counts.shared = trial.dialogue.has_value();
  counts.attempted = trial.attempted;
  counts.executed = trial.executed;
  counts.blocked = trial.blocked;
  counts.queries = trial.queries;
  counts.success_query = trial.success_query;
  counts.turns = trial.turns;
  counts.tool_calls = trial.tool_calls;
  for (const Usage& usage : trial.usage) {
    counts.calls += usage.calls;
    counts.prompt_tokens += usage.prompt_tokens;
    counts.completion_tokens += usage.completion_tokens;
    counts.cached_tokens += usage.cached_tokens;
    counts.cost_nano_usd += usage.cost_known ? usage.cost_nano_usd : 0;
    counts.unknown_cost |= !usage.cost_known;
  }
  return counts;
}

TrialRow TrialRowOf(const Trial& trial) {
  TrialRow row;
  row.index = trial.index;
  row.cell = trial.cell;
  row.task = trial.task;
  row.task_hash = trial.task_hash;
  row.payload_hash = trial.payload_hash;
  row.policy_hash = trial.policy_hash;
  row.judge_hash = trial.judge_hash;
  row.seed = trial.seed;
  row.trial = trial.trial;
  row.counts = CountsOf(trial);
  return row;
}

}  // namespace xsweep
