// Evaluates gates: what a bound says of the trials that are there, and of those that were lost.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/gates/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyze/gates/gate_advice.h"
#include "analyze/gates/gate_cells.h"
#include "analyze/gates/gate_decision.h"
#include "analyze/gates/gate_evidence.h"
#include "analyze/gates/gate_sequential.h"
#include "analyze/numbers.h"
#include "analyze/run_facts.h"
#include "stats/sequential.h"

namespace xsweep {
namespace {

GateResult Invalid(const Gate& gate, std::string explanation, std::string cell = {}) {
  GateResult result;
  result.gate = gate;
  result.cell = std::move(cell);
  result.verdict = GateVerdict::kInvalid;
  result.explanation = std::move(explanation);
  return result;
}

GateResult NothingConcerned(const Gate& gate, const RunAggregate& run) {
  GateResult result;
  result.gate = gate;
  result.verdict = GateVerdict::kInsufficient;
  result.explanation = "nothing in this run answers this gate: " + WhyNoCell(gate, run);
  return result;
}

GateResult WorstOf(const Gate& gate, const std::vector<Evidence>& evidence, Strictness strict) {
  strict.cells = evidence.size();
  std::size_t at = 0;
  GateResult worst = EvaluateOne(gate, evidence.front(), strict);
  for (std::size_t i = 1; i < evidence.size(); ++i) {
    GateResult next = EvaluateOne(gate, evidence[i], strict);
    if (!Worse(next, worst)) continue;
    worst = std::move(next);
    at = i;
  }
  // Advice is simulated, so only the cell that decides gets it. Where the bound holds, it is not for want of trials.
  const bool short_of_trials = worst.value && !GateHolds(gate, *worst.value);
  if (worst.verdict == GateVerdict::kInsufficient && short_of_trials) AddAdvice(evidence[at], strict.cells, worst);
  return worst;
}

/// Why a run may not stand on the other side of this gate; empty when it may.
std::string WhyNotComparable(const Gate& gate, const RunComparison& comparison) {
  const auto allowed = [&](PartSide side) { return std::ranges::find(gate.allowed, side) != gate.allowed.end(); };
  for (const Obstacle& obstacle : comparison.obstacles) {
    switch (obstacle.kind) {
      case ObstacleKind::kJudge:
        if (gate.rate == GateRate::kAsr) return obstacle.message;
        break;
      case ObstacleKind::kAttack:
        if (!allowed(PartSide::kAttack)) return obstacle.message + "; `with allow attack` permits it";
        break;
      case ObstacleKind::kDefense:
        if (!allowed(PartSide::kDefense)) return obstacle.message + "; `with allow defense` permits it";
        break;
      case ObstacleKind::kNoCommonTask:
      case ObstacleKind::kErrors:
      case ObstacleKind::kRows: return obstacle.message;
      default:
        if (obstacle.fatal) return obstacle.message;
    }
  }
  return {};
}

GateResult EvaluateVersus(const Gate& gate, const RunAggregate& run, const GateSurroundings& around,
                          const Strictness& strict) {
  if (!around.compare_with) return Invalid(gate, "there is no other run to compare with");
  const auto comparison = around.compare_with(gate.versus);
  if (!comparison) return Invalid(gate, comparison.error().Text());
  if (const std::string why = WhyNotComparable(gate, *comparison); !why.empty()) {
    return Invalid(gate, "not comparable: " + why);
  }
  const std::vector<const CellAggregate*> cells = CellsConcerned(gate, run);
  if (cells.empty()) return NothingConcerned(gate, run);
  std::vector<Evidence> evidence;
  for (const CellAggregate* cell : cells) {
    const auto found = std::ranges::find(comparison->cells, cell->id, &CellComparison::cell);
    const Difference* difference = nullptr;
    if (found != comparison->cells.end()) {
      difference = gate.rate == GateRate::kAsr ? &found->asr : &found->task_success;
    }
    evidence.push_back(EvidenceOf(*cell, difference));
  }
  return WorstOf(gate, evidence, strict);
}

/// A cell that lost too many trials says nothing, whatever the run as a whole lost.
std::optional<GateResult> TooManyErrors(const Gate& gate, const std::vector<const CellAggregate*>& cells,
                                        std::optional<double> limit) {
  for (const CellAggregate* cell : cells) {
    const auto rate = cell->error_rate.value();
    if (!limit || !rate || *rate <= *limit) continue;
    return Invalid(gate,
                   fmt::format("{}: {} of {} trials ended in an error ({}), more than the {} that max_error_rate "
                               "allows for each gated cell",
                               cell->id, cell->tally.errors(), cell->tally.ended(), Percent(rate), Percent(limit)),
                   cell->id);
  }
  return std::nullopt;
}

bool MayLookAtAnyTime(const Gate& gate) { return gate.sequential && gate.target == Basis::kTheseTasks; }

Strictness StrictnessOf(const Gate& gate, const GateSurroundings& around) {
  Strictness strict;
  const std::int64_t earlier = around.earlier_looks && !gate.fresh_looks ? around.earlier_looks(gate) : 0;
  strict.look = earlier + 1;
  if (!OnBound(gate) || MayLookAtAnyTime(gate) || (earlier == 0 && !gate.sequential)) return strict;
  strict.confidence = stats::LookConfidence(static_cast<int>(strict.look));
  return strict;
}

/// What a reader must know of how the verdict came about.
void AddCircumstances(const Gate& gate, const GateSurroundings& around, GateResult& result) {
  if (result.verdict == GateVerdict::kInvalid) return;
  if (result.look > 1) {
    result.explanation +=
        fmt::format("; look {} of this question: judged at {}", result.look, ConfidenceWords(result.confidence));
    if (!gate.sequential && OnBound(gate)) result.explanation += " (all looks together err at most 7 %)";
  } else if (gate.sequential && gate.target == Basis::kTasksAsDrawn && OnBound(gate)) {
    result.explanation += fmt::format("; sequential: judged at {}", ConfidenceWords(result.confidence));
  }
  if (gate.fresh_looks) result.explanation += "; looks: fresh (earlier runs are taken for another question)";
  if (gate.all_alike) result.explanation += "; icc 1";
  result.afterwards = around.afterwards && around.afterwards(gate);
  if (result.afterwards) result.explanation += "; stated after the run was done, not before";
}

void HoldBack(std::string why, GateResult& result) {
  result.verdict = GateVerdict::kInsufficient;
  result.explanation += "; " + why;
  result.held_back = std::move(why);
}

/// A PASS that rests on trials which the agent did not decide is none: without them it has to hold as well.
void HoldToDecided(const RunAggregate& run, GateResult& result) {
  const Gate& gate = result.gate;
  const CellAggregate* cell = run.FindCell(result.cell);
  if (result.verdict != GateVerdict::kPass || cell == nullptr || cell->tally.undecided == 0) return;
  if (gate.rate != GateRate::kAsr && gate.rate != GateRate::kAsrExposed) return;
  const bool all_trials = gate.rate == GateRate::kAsr;
  const std::int64_t all = all_trials ? cell->tally.attacked() : cell->tally.exposed;
  const std::int64_t decided = std::max<std::int64_t>(all - cell->tally.undecided, 0);
  const std::int64_t successes =
      std::min(decided, all_trials ? cell->tally.successes() : cell->tally.exposed_successes);
  const auto bounds = stats::Wilson({successes, decided});
  if (gate.versus.empty() && bounds && GateHolds(gate, OnBound(gate) ? BoundOf(gate, *bounds) : *result.value)) return;
  HoldBack(fmt::format("{} of {} trials were decided by a provider, by replies that are no answers or by the limit on "
                       "tool calls, and without them "
                       "nothing is certain",
                       cell->tally.undecided, all),
           result);
}

/// Before all planned trials have run, only evidence that may be looked at at any time decides, and it speaks of these
/// tasks only when every one of them is there: a shard holds a part of them.
void HoldToPlan(const RunAggregate& run, GateResult& result) {
  if (run.unfinished == 0 || (result.verdict != GateVerdict::kPass && result.verdict != GateVerdict::kFail)) return;
  const CellAggregate* cell = run.FindCell(result.cell);
  const bool every_task = cell != nullptr && cell->tasks.size() >= run.run.tasks.size();
  if (result.verdict == GateVerdict::kFail && MayLookAtAnyTime(result.gate) && every_task) return;
  HoldBack(fmt::format("{} planned trials have not run yet", run.unfinished), result);
}

/// Trials that a budget left out of what this gate asks about; those that decided gates made needless are none.
std::int64_t LeftOut(const Gate& gate, const RunAggregate& run) {
  if (StoppedByItsGates(run.run)) return 0;
  if (gate.rate == GateRate::kErrorRate) return run.total.of(Outcome::kSkipped);
  std::int64_t skipped = 0;
  for (const CellAggregate* cell : CellsConcerned(gate, run)) skipped += cell->tally.of(Outcome::kSkipped);
  return skipped;
}

/// The trials that a budget left for are the first of the plan, mostly some tasks of many: what PASSes on them was not
/// asked of the rest. A FAIL is one whatever the rest would have shown.
void HoldToBudget(const RunAggregate& run, GateResult& result) {
  if (result.verdict != GateVerdict::kPass || MayLookAtAnyTime(result.gate)) return;
  const std::int64_t left_out = LeftOut(result.gate, run);
  if (left_out == 0) return;
  HoldBack(fmt::format("a limit stopped the run before {} had run", Count(left_out, "planned trial", "planned trials")),
           result);
}

GateResult EvaluateGate(const Gate& gate, const RunAggregate& run, const GateSurroundings& around) {
  if (gate.rate == GateRate::kErrorRate) return EvaluateOne(gate, ErrorEvidence(run), {});
  const std::vector<const CellAggregate*> cells = CellsConcerned(gate, run);
  if (cells.empty() && gate.versus.empty()) return NothingConcerned(gate, run);
  if (auto invalid = TooManyErrors(gate, cells, around.max_error_rate)) return std::move(*invalid);
  const Strictness strict = StrictnessOf(gate, around);
  GateResult result;
  if (!gate.versus.empty()) {
    result = EvaluateVersus(gate, run, around, strict);
  } else {
    std::vector<Evidence> evidence;
    evidence.reserve(cells.size());
    for (const CellAggregate* cell : cells) evidence.push_back(EvidenceOf(gate, *cell));
    result = WorstOf(gate, evidence, strict);
  }
  AddCircumstances(gate, around, result);
  return result;
}

/// Why nothing in this run can be judged; empty when it can.
std::string WhyInvalid(const RunAggregate& run, std::optional<double> max_error_rate) {
  if (!run.defects.empty()) {
    return run.defects.front() +
           (run.defects.size() > 1 ? fmt::format(" (and {} more findings)", run.defects.size() - 1) : "");
  }
  const auto rate = run.error_rate.value();
  if (!rate) return {};
  if (run.total.errors() == run.total.ended()) return "every trial ended in an error";
  if (max_error_rate && *rate > *max_error_rate) {
    return fmt::format("{} of {} trials ended in an error ({}), more than the {} that max_error_rate allows",
                       run.total.errors(), run.total.ended(), Percent(rate), Percent(max_error_rate));
  }
  return {};
}

}  // namespace

GateReport EvaluateGates(const std::vector<Gate>& gates, const RunAggregate& run,
                         const GateSurroundings& surroundings) {
  GateReport report;
  const std::string invalid = WhyInvalid(run, surroundings.max_error_rate);
  if (!invalid.empty()) report.verdict = GateVerdict::kInvalid;
  for (const Gate& gate : gates) {
    report.results.push_back(invalid.empty() ? EvaluateGate(gate, run, surroundings) : Invalid(gate, invalid));
    GateResult& latest = report.results.back();
    HoldToPlan(run, latest);
    HoldToBudget(run, latest);
    HoldToDecided(run, latest);
    const GateVerdict verdict = latest.verdict;
    if (Severity(verdict) > Severity(report.verdict)) report.verdict = verdict;
  }
  return report;
}

}  // namespace xsweep
