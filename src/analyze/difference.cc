// Difference: two sets of trials on one measure.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/difference.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "stats/design.h"
#include "stats/tests.h"

namespace xsweep {
namespace {

constexpr std::uint64_t kSignFlipSeed = 1;
constexpr double kAlpha = 0.05;

/// 0 or 1 when the trial counts for the measure, otherwise -1.
int ValueOf(Measure measure, const TrialOutcome& trial) {
  if (measure == Measure::kAsr) {
    if (trial.outcome > Outcome::kNotExposed) return -1;
    return trial.outcome == Outcome::kAttackSucceeded ? 1 : 0;
  }
  return trial.outcome > Outcome::kBenign ? -1 : trial.task_success;
}

auto PairKey(const TrialOutcome& trial) { return std::tuple(trial.key.task, trial.key.seed, trial.key.trial); }

/// As in a run's own table: an attack whose payload nobody saw has no success rate.
bool NobodyExposed(std::span<const TrialOutcome> trials) {
  return std::ranges::none_of(trials, [](const TrialOutcome& trial) { return trial.outcome < Outcome::kNotExposed; });
}

using TaskCounts = std::map<std::uint32_t, stats::Cluster>;

/// Trials that count, by task; none where the rate is N/A.
TaskCounts CountByTask(Measure measure, std::span<const TrialOutcome> trials) {
  TaskCounts counts;
  if (measure == Measure::kAsr && NobodyExposed(trials)) return counts;
  for (const TrialOutcome& trial : trials) {
    const int value = ValueOf(measure, trial);
    if (value < 0) continue;
    stats::Cluster& task = counts[trial.key.task];
    task = {task.sum + value, task.n + 1};
  }
  return counts;
}

Rate RateOf(const TaskCounts& counts) {
  stats::Cluster total;
  std::vector<stats::Cluster> clusters;
  clusters.reserve(counts.size());
  for (const auto& [task, cluster] : counts) {
    total = {total.sum + cluster.sum, total.n + cluster.n};
    clusters.push_back(cluster);
  }
  return MakeRate(total.sum, total.n, clusters);
}

/// The trials of tasks that both sides have: other tasks would pass their own difficulty off as a difference.
void CountCommonTasks(const TaskCounts& a, const TaskCounts& b, Difference& out) {
  for (const auto& [task, of_a] : a) {
    const auto found = b.find(task);
    if (found == b.end()) continue;
    ++out.tasks;
    out.common_a = {out.common_a.successes + of_a.sum, out.common_a.n + of_a.n};
    out.common_b = {out.common_b.successes + found->second.sum, out.common_b.n + found->second.n};
  }
}

struct Pairs {
  std::vector<stats::Cluster> by_task;
  std::vector<stats::Cluster> by_trial;
};

/// Walks both sorted sides at once.
Pairs FindPairs(Measure measure, std::span<const TrialOutcome> a, std::span<const TrialOutcome> b, Difference& out) {
  Pairs pairs;
  std::uint32_t task = ~std::uint32_t{0};
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const auto order = PairKey(a[i]) <=> PairKey(b[j]);
    if (order < 0) {
      ++i;
    } else if (order > 0) {
      ++j;
    } else {
      const int value_a = ValueOf(measure, a[i]);
      const int value_b = ValueOf(measure, b[j]);
      if (value_a >= 0 && value_b >= 0) {
        if (a[i].key.task != std::exchange(task, a[i].key.task)) pairs.by_task.emplace_back();
        pairs.by_task.back().sum += value_b - value_a;
        ++pairs.by_task.back().n;
        pairs.by_trial.push_back({value_b - value_a, 1});
        out.only_a += value_a > value_b ? 1 : 0;
        out.only_b += value_b > value_a ? 1 : 0;
      }
      ++i;
      ++j;
    }
  }
  out.pairs = std::ssize(pairs.by_trial);
  out.tasks = std::ssize(pairs.by_task);
  return pairs;
}

/// Interval and detectable difference from clusters of differences. The sample could not have seen less than what its
/// error or, with few tasks that differ, its widened interval lets pass.
void FillPaired(std::span<const stats::Cluster> clusters, Difference& out) {
  const auto paired = stats::ClusteredPairedDifference(clusters);
  out.paired = paired;
  if (!paired) return;
  out.difference = paired->difference;
  out.bounds95 = paired->bounds;
  out.detectable = stats::DetectableFromError(paired->se, paired->clusters);
  if (!out.detectable) return;
  if (paired->widened) {
    const double half = std::max(paired->bounds.high - paired->difference, paired->difference - paired->bounds.low);
    out.detectable = std::max(*out.detectable, half);
  }
  out.detectable = std::min(*out.detectable, 1.0);
}

void FillUnpaired(Difference& out) {
  const stats::Proportion& a = out.common_a;
  const stats::Proportion& b = out.common_b;
  if (a.n == 0 || b.n == 0) return;
  out.pairing = Pairing::kUnpaired;
  const double baseline = static_cast<double>(a.successes) / static_cast<double>(a.n);
  out.difference = static_cast<double>(b.successes) / static_cast<double>(b.n) - baseline;
  out.bounds95 = stats::Newcombe(b, a);
  out.p = out.fisher_p = stats::FisherExact(a, b);
  const double n = 2 / (1 / static_cast<double>(a.n) + 1 / static_cast<double>(b.n));
  out.detectable = stats::DetectableIncrease(baseline, n);
  if (!out.detectable) out.detectable = stats::DetectableDecrease(baseline, n);
}

Judgement JudgeOne(const Difference& difference) {
  if (difference.pairing == Pairing::kNone || !difference.bounds95) return Judgement::kNotComparable;
  const bool leaves_out_zero = difference.bounds95->low > 0 || difference.bounds95->high < 0;
  if (!difference.adjusted_p || *difference.adjusted_p > kAlpha || !leaves_out_zero) {
    return Judgement::kNotDistinguishable;
  }
  const bool more = *difference.difference > 0;
  return more == (difference.measure == Measure::kTaskSuccess) ? Judgement::kBetter : Judgement::kWorse;
}

stats::Cluster CountsOf(Measure measure, const Tally& tally) {
  if (measure == Measure::kAsr) return {tally.successes(), tally.attacked()};
  return {tally.task_successes, tally.task_assessed};
}

/// Differences of task rates in whole numbers: sum / n is the difference of a task, n its weight. With equal trials
/// everywhere these are the plain sums of paired differences.
std::vector<stats::Cluster> TaskDifferences(Measure measure, const CellAggregate& a, const CellAggregate& b) {
  std::map<std::string_view, stats::Cluster> counts_a;
  for (const TaskAggregate& task : a.tasks) counts_a[task.task] = CountsOf(measure, task.tally);
  std::vector<stats::Cluster> clusters;
  bool equal = true;
  for (const TaskAggregate& task : b.tasks) {
    const auto found = counts_a.find(task.task);
    const stats::Cluster of_b = CountsOf(measure, task.tally);
    if (found == counts_a.end() || found->second.n == 0 || of_b.n == 0) continue;
    const stats::Cluster of_a = found->second;
    equal &= of_a.n == of_b.n;
    clusters.push_back({of_b.sum * of_a.n - of_a.sum * of_b.n, of_a.n * of_b.n});
  }
  if (!equal || clusters.empty()) return clusters;
  for (stats::Cluster& cluster : clusters) {
    const auto n = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(cluster.n))));
    cluster = {cluster.sum / n, n};
  }
  return clusters;
}

Difference Begin(Measure measure, const Rate& a, const Rate& b) {
  Difference out;
  out.measure = measure;
  out.a = a;
  out.b = b;
  return out;
}

}  // namespace

std::string_view MeasureName(Measure measure) { return measure == Measure::kAsr ? "asr" : "task_success"; }

std::string_view JudgementWords(Judgement judgement) {
  switch (judgement) {
    case Judgement::kBetter: return "better";
    case Judgement::kWorse: return "worse";
    case Judgement::kNotDistinguishable: return "not distinguishable";
    case Judgement::kNotComparable: return "not comparable";
  }
  return "";
}

std::string_view PairingWords(Pairing pairing) {
  switch (pairing) {
    case Pairing::kByTask: return "trials paired, clustered by task; holds for tasks as drawn from a population";
    case Pairing::kByTrial: return "trials paired, each taken as independent; holds for these tasks only";
    case Pairing::kUnpaired:
      return "trials do not pair; Newcombe's interval and Fisher's test take those of the common tasks as independent";
    case Pairing::kNone: return "one side has no trial that counts";
  }
  return "";
}

std::string_view AdjustmentName(Adjustment adjustment) {
  switch (adjustment) {
    case Adjustment::kHolm: return "Holm";
    case Adjustment::kBenjaminiHochberg: return "Benjamini-Hochberg";
    case Adjustment::kNone: return "none";
  }
  return "";
}

Difference CompareTrials(Measure measure, std::span<const TrialOutcome> a, std::span<const TrialOutcome> b) {
  const TaskCounts counts_a = CountByTask(measure, a);
  const TaskCounts counts_b = CountByTask(measure, b);
  Difference out = Begin(measure, RateOf(counts_a), RateOf(counts_b));
  if (out.a.n == 0 || out.b.n == 0) return out;
  const Pairs pairs = FindPairs(measure, a, b, out);
  if (out.pairs < 2 || 2 * out.pairs < std::min(out.a.n, out.b.n)) {
    out.tasks = 0;
    CountCommonTasks(counts_a, counts_b, out);
    FillUnpaired(out);
    return out;
  }
  const bool clustered = out.tasks > 1 && out.pairs > out.tasks;
  out.pairing = clustered ? Pairing::kByTask : Pairing::kByTrial;
  FillPaired(clustered ? pairs.by_task : pairs.by_trial, out);
  out.mcnemar_p = stats::McNemarExact(out.only_a, out.only_b);
  if (out.tasks > 1) out.sign_flip_p = stats::SignFlipByCluster(pairs.by_task, kSignFlipSeed);
  out.p = clustered ? out.sign_flip_p : out.mcnemar_p;
  return out;
}

Difference CompareCells(Measure measure, const CellAggregate& a, const CellAggregate& b) {
  const auto rate = [&](const CellAggregate& cell) { return measure == Measure::kAsr ? cell.asr : cell.task_success; };
  Difference out = Begin(measure, rate(a), rate(b));
  if (out.a.n == 0 || out.b.n == 0) return out;
  const std::vector<stats::Cluster> clusters = TaskDifferences(measure, a, b);
  out.tasks = std::ssize(clusters);
  if (out.tasks < 2) {
    out.common_a = {out.a.successes, out.a.n};
    out.common_b = {out.b.successes, out.b.n};
    FillUnpaired(out);
    return out;
  }
  out.pairing = Pairing::kByTask;
  FillPaired(clusters, out);
  out.p = out.sign_flip_p = stats::SignFlipByCluster(clusters, kSignFlipSeed);
  return out;
}

void AdjustAndJudge(std::span<Difference* const> differences, Adjustment adjustment) {
  std::vector<Difference*> tested;
  std::vector<double> p;
  for (Difference* difference : differences) {
    if (!difference->p) continue;
    tested.push_back(difference);
    p.push_back(*difference->p);
  }
  std::vector<double> adjusted = p;
  if (adjustment == Adjustment::kHolm) adjusted = stats::HolmAdjust(p);
  if (adjustment == Adjustment::kBenjaminiHochberg) adjusted = stats::BenjaminiHochbergAdjust(p);
  for (std::size_t i = 0; i < tested.size(); ++i) tested[i]->adjusted_p = adjusted[i];
  for (Difference* difference : differences) difference->judgement = JudgeOne(*difference);
}

}  // namespace xsweep
