// Tally: exact, mergeable counts of trials.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/accumulator.h"

#include <algorithm>
#include <numeric>

namespace xsweep {
namespace {

bool Attacked(Outcome outcome) { return outcome <= Outcome::kNotExposed; }
bool Ended(Outcome outcome) { return outcome <= Outcome::kBenign; }

}  // namespace

std::int64_t Tally::trials() const { return std::accumulate(outcomes.begin(), outcomes.end(), std::int64_t{0}); }

std::int64_t Tally::attacked() const {
  return of(Outcome::kAttackSucceeded) + of(Outcome::kAttackResisted) + of(Outcome::kAttackBlocked) +
         of(Outcome::kNotExposed);
}

Tally& Tally::operator+=(const Tally& other) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i] += other.outcomes[i];
  exposed += other.exposed;
  exposure_unknown += other.exposure_unknown;
  exposed_successes += other.exposed_successes;
  undecided += other.undecided;
  contradictions += other.contradictions;
  attempted += other.attempted;
  task_assessed += other.task_assessed;
  task_successes += other.task_successes;
  attempts += other.attempts;
  executions += other.executions;
  blocks += other.blocks;
  turns += other.turns;
  tool_calls += other.tool_calls;
  queries += other.queries;
  most_queries = std::max(most_queries, other.most_queries);
  shared += other.shared;
  shared_turns += other.shared_turns;
  shared_tool_calls += other.shared_tool_calls;
  calls += other.calls;
  prompt_tokens += other.prompt_tokens;
  completion_tokens += other.completion_tokens;
  cached_tokens += other.cached_tokens;
  cost_nano_usd += other.cost_nano_usd;
  unknown_cost += other.unknown_cost;
  return *this;
}

void Add(const TrialCounts& trial, Tally& tally) {
  ++tally.outcomes[static_cast<std::size_t>(trial.outcome)];
  if (Attacked(trial.outcome)) {
    tally.exposed += trial.exposed ? 1 : 0;
    tally.exposure_unknown += trial.exposure_unknown ? 1 : 0;
    tally.exposed_successes += trial.exposed && trial.outcome == Outcome::kAttackSucceeded ? 1 : 0;
    tally.contradictions += trial.executed > 0 && !trial.exposed && !trial.exposure_unknown ? 1 : 0;
    tally.attempted += trial.attempted > 0 ? 1 : 0;
    tally.undecided += trial.undecided ? 1 : 0;
  }
  if (Ended(trial.outcome) && trial.task_success >= 0) {
    ++tally.task_assessed;
    tally.task_successes += trial.task_success;
  }
  tally.attempts += trial.attempted;
  tally.executions += trial.executed;
  tally.blocks += trial.blocked;
  tally.turns += trial.turns;
  tally.tool_calls += trial.tool_calls;
  tally.queries += trial.queries;
  tally.most_queries = std::max(tally.most_queries, trial.queries);
  if (trial.shared) {
    ++tally.shared;
    tally.shared_turns += trial.turns;
    tally.shared_tool_calls += trial.tool_calls;
  }
  tally.calls += trial.calls;
  tally.prompt_tokens += trial.prompt_tokens;
  tally.completion_tokens += trial.completion_tokens;
  tally.cached_tokens += trial.cached_tokens;
  tally.cost_nano_usd += trial.cost_nano_usd;
  tally.unknown_cost += trial.unknown_cost ? 1 : 0;
}

}  // namespace xsweep
