// GateEvidence: the trials of one cell that a gate looks at.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/gates/gate_evidence.h"

#include <algorithm>
#include <cmath>

#include "stats/curve.h"
#include "stats/task_difference.h"

namespace xsweep {
namespace {

/// All lost trials failures, or all of them successes.
std::vector<stats::Cluster> AllLostAs(const std::vector<stats::LostTask>& tasks, bool success) {
  std::vector<stats::Cluster> out;
  out.reserve(tasks.size());
  for (const stats::LostTask& task : tasks) {
    out.push_back({task.ended.sum + (success ? task.lost : 0), task.ended.n + task.lost});
  }
  return out;
}

std::optional<stats::Interval> IntervalOf(const Gate& gate, stats::TaskScores scores, double confidence) {
  if (gate.target == Basis::kTheseTasks) return stats::TheseTasks(scores, confidence);
  if (gate.all_alike) scores.within = 1;
  return stats::TasksAsDrawn(scores, confidence);
}

bool ScoresPass(const Gate& gate, const stats::TaskScores& scores, double confidence) {
  if (scores.scores.empty()) return false;
  if (!OnBound(gate)) return GateHolds(gate, stats::BaseOf(scores).estimate);
  const auto bounds = IntervalOf(gate, scores, confidence);
  return bounds && GateHolds(gate, BoundOf(gate, *bounds));
}

stats::TaskScores ScoresOf(const Evidence& evidence, const std::vector<stats::Cluster>& tasks) {
  return evidence.k > 0 ? stats::ScoresAtK(tasks, evidence.k) : stats::SharesOf(tasks);
}

std::optional<stats::Interval> DifferenceBounds(const Gate& gate, const Difference& difference, double confidence) {
  if (gate.target == Basis::kTheseTasks) return stats::WithinTheseTasks(PairsOf(difference), confidence);
  if (difference.pairing != Pairing::kByTask) return difference.drawn95;
  stats::TaskDifferences tasks = stats::DifferencesOf(PairsOf(difference));
  if (gate.all_alike) tasks.within = 1;
  return stats::ByTask(tasks, confidence);
}

stats::LostTask CountsOf(GateRate rate, const Tally& tally) {
  switch (rate) {
    case GateRate::kAsr: return {{tally.successes(), tally.attacked()}, tally.errors()};
    case GateRate::kAsrExposed: return {{tally.exposed_successes, tally.exposed}, tally.errors()};
    default: return {{tally.task_successes, tally.task_assessed}, tally.errors()};
  }
}

std::string WhyNothing(const Gate& gate, const CellAggregate& cell) {
  if (cell.tally.ended() == 0) return "no trial ended, so nothing can be said";
  if (gate.rate == GateRate::kAsr && cell.tally.attacked() > 0) {
    return "the payload was never delivered, so nothing can be said about resistance";
  }
  return "no trial counts, so nothing can be said";
}

}  // namespace

std::vector<stats::Cluster> EndedOf(const std::vector<stats::LostTask>& tasks) {
  std::vector<stats::Cluster> ended;
  ended.reserve(tasks.size());
  for (const stats::LostTask& task : tasks) ended.push_back(task.ended);
  return ended;
}

std::optional<double> Evidence::estimate() const {
  if (difference != nullptr) return difference->difference;
  const stats::TaskScores scores = ScoresOf(*this, EndedOf(tasks));
  return scores.scores.empty() ? std::nullopt : std::optional(stats::BaseOf(scores).estimate);
}

Evidence EvidenceOf(const Gate& gate, const CellAggregate& cell) {
  Evidence evidence;
  evidence.cell = cell.id;
  evidence.cell_aggregate = &cell;
  evidence.k = gate.k;
  evidence.why_nothing = WhyNothing(gate, cell);
  // A cell whose payload nobody saw has no rate, whatever its lost trials may have been.
  if (gate.rate == GateRate::kAsr && cell.asr.n == 0) return evidence;
  for (const TaskAggregate& task : cell.tasks) {
    const stats::LostTask counts = CountsOf(gate.rate, task.tally);
    if (counts.ended.n + counts.lost == 0) continue;
    evidence.tasks.push_back(counts);
    evidence.n += counts.ended.n;
    evidence.successes += counts.ended.sum;
    evidence.lost += counts.lost;
  }
  if (evidence.n == 0) evidence.tasks.clear();
  if (evidence.n > 0 && !evidence.estimate()) evidence.why_nothing = "no task has that many trials";
  return evidence;
}

Evidence EvidenceOf(const CellAggregate& cell, const Difference* difference) {
  Evidence evidence;
  evidence.cell = cell.id;
  evidence.cell_aggregate = &cell;
  evidence.why_nothing = "there is nothing to compare it with, so nothing can be said";
  if (difference == nullptr || !difference->difference) return evidence;
  evidence.difference = difference;
  for (const CommonTask& task : difference->common) {
    evidence.n += std::min(task.counts.a.ended.n, task.counts.b.ended.n);
    evidence.lost += task.counts.a.lost + task.counts.b.lost;
  }
  if (difference->common.empty()) evidence.n = std::min(difference->a.n, difference->b.n);
  return evidence;
}

Evidence ErrorEvidence(const RunAggregate& run) {
  Evidence evidence;
  evidence.why_nothing = "no trial ended, so nothing can be said";
  if (run.total.ended() == 0) return evidence;
  evidence.tasks = {{{run.total.errors(), run.total.ended()}, 0}};
  evidence.n = run.total.ended();
  evidence.successes = run.total.errors();
  return evidence;
}

double BoundOf(const Gate& gate, const stats::Interval& bounds) {
  const bool upper = gate.bound == GateBound::kUpper95 || gate.bound == GateBound::kDeltaUpper95;
  return upper ? bounds.high : bounds.low;
}

std::optional<stats::Interval> BoundsOf(const Gate& gate, const Evidence& evidence, double confidence) {
  if (evidence.difference != nullptr) return DifferenceBounds(gate, *evidence.difference, confidence);
  Gate asked = gate;
  if (gate.rate == GateRate::kErrorRate) asked.target = Basis::kTheseTasks;  // trials of the run, not tasks
  const stats::TaskScores scores = ScoresOf(evidence, EndedOf(evidence.tasks));
  return scores.scores.empty() ? std::nullopt : IntervalOf(asked, scores, confidence);
}

bool PassesWithLost(const Gate& gate, const Evidence& evidence, double confidence) {
  if (evidence.lost == 0) return true;
  if (evidence.difference == nullptr) {
    return ScoresPass(gate, ScoresOf(evidence, AllLostAs(evidence.tasks, WantsLow(gate))), confidence);
  }
  std::vector<stats::LostPair> pairs;
  pairs.reserve(evidence.difference->common.size());
  for (const CommonTask& task : evidence.difference->common) pairs.push_back(task.counts);
  const auto bounds = stats::DifferenceWithLost(pairs, confidence);
  if (!bounds) return false;
  if (OnBound(gate)) return GateHolds(gate, BoundOf(gate, *bounds));
  return GateHolds(gate, WantsLow(gate) ? bounds->high : bounds->low);
}

std::optional<double> TippingShareOf(const Gate& gate, const Evidence& evidence, double confidence) {
  if (evidence.difference != nullptr || evidence.k > 0) return std::nullopt;
  // Where success is good, lost trials are bad as failures: the same question of the failures.
  std::vector<stats::LostTask> tasks = evidence.tasks;
  if (!WantsLow(gate)) {
    for (stats::LostTask& task : tasks) task.ended.sum = task.ended.n - task.ended.sum;
  }
  return stats::TippingShare(tasks, [&](stats::TaskScores scores) {
    if (!WantsLow(gate)) {
      for (double& score : scores.scores) score = 1 - score;
    }
    return ScoresPass(gate, scores, confidence);
  });
}

std::optional<std::int64_t> RoundsOf(const Gate& gate, const Evidence& evidence) {
  if (evidence.tasks.empty()) return std::nullopt;
  const auto trials = [&](const stats::LostTask& task) { return task.ended.n + (gate.errors_as_seen ? 0 : task.lost); };
  const std::int64_t rounds = trials(evidence.tasks.front());
  const bool equal = std::ranges::all_of(evidence.tasks, [&](const auto& task) { return trials(task) == rounds; });
  return equal ? std::optional(rounds) : std::nullopt;
}

}  // namespace xsweep
