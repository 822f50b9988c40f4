// Rounds: one trial of every task in every cell, after which sequential gates may be looked at.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/rounds.h"

#include <algorithm>

#include "analyze/gates/gates.h"

namespace xsweep {
namespace {

bool MayStop(const std::string& text) {
  const auto gate = ParseGate(text);
  return gate && gate->sequential && gate->target == Basis::kTheseTasks && gate->versus.empty();
}

/// The fewest rounds that a cell has.
std::int64_t RoundsIn(const RunAggregate& run) {
  std::int64_t rounds = INT64_MAX;
  for (const CellAggregate& cell : run.cells) {
    for (const TaskAggregate& task : cell.tasks) rounds = std::min(rounds, task.tally.ended());
  }
  return rounds == INT64_MAX ? 0 : rounds;
}

}  // namespace

Rounds::Rounds(const Plan& plan)
    : size_(plan.dialogues().size() / (plan.seeds().size() * plan.trials())),
      count_(plan.seeds().size() * plan.trials()) {}

bool Rounds::LookAfter(std::uint64_t rounds) const {
  if (rounds >= count_) return false;  // then the run is done anyway
  return rounds % std::max<std::uint64_t>(1, rounds / 20) == 0;
}

bool StopsWhenDecided(const SweepConfig& config) {
  return !config.gates.empty() && std::ranges::all_of(config.gates, MayStop);
}

Expected<bool> GatesDecided(const SweepConfig& config, const RunDirectory& run) {
  TRY_ASSIGN(RunAggregate aggregate, AggregateRun(run.path().string()));
  aggregate.unfinished = 0;  // asked is whether the trials so far suffice
  std::vector<Gate> gates;
  for (const std::string& text : config.gates) {
    TRY_ASSIGN(Gate gate, ParseGate(text));
    gates.push_back(std::move(gate));
  }
  const std::int64_t rounds = RoundsIn(aggregate);
  const GateReport report = EvaluateGates(gates, aggregate, {});
  return std::ranges::all_of(report.results, [&](const GateResult& result) {
    if (result.verdict == GateVerdict::kPass || result.verdict == GateVerdict::kFail) return true;
    return result.gate.max_rounds > 0 && rounds >= result.gate.max_rounds;
  });
}

}  // namespace xsweep
