// Lost trials: what a rate would be had they been failures, or successes.
// SPDX-License-Identifier: Apache-2.0
#include "stats/lost.h"

#include <algorithm>

namespace xsweep::stats {
namespace {

double ScoreOf(const LostTask& task, double share) {
  const auto all = static_cast<double>(task.ended.n + task.lost);
  return std::min(1.0, (static_cast<double>(task.ended.sum) + share * static_cast<double>(task.lost)) / all);
}

}  // namespace

TaskScores WithLostAs(std::span<const LostTask> tasks, double share) {
  TaskScores out;
  double within = 0;
  for (const LostTask& task : tasks) {
    if (task.ended.n + task.lost == 0) continue;
    out.scores.push_back(ScoreOf(task, share));
    within += 1 / static_cast<double>(task.ended.n + task.lost);
  }
  if (!out.scores.empty()) out.within = std::min(1.0, within / static_cast<double>(out.scores.size()));
  return out;
}

std::optional<LostBounds> BoundsWithLost(std::span<const LostTask> tasks, double confidence) {
  const TaskScores best = WithLostAs(tasks, 0);
  const TaskScores worst = WithLostAs(tasks, 1);
  if (best.scores.empty()) return std::nullopt;
  LostBounds out{BaseOf(best).estimate, BaseOf(worst).estimate, std::nullopt};
  const auto low = TasksAsDrawn(best, confidence);
  const auto high = TasksAsDrawn(worst, confidence);
  if (low && high) out.interval = Interval{low->low, high->high};
  return out;
}

std::optional<Interval> DifferenceWithLost(std::span<const LostPair> pairs, double confidence) {
  TaskDifferences upper, lower;
  double within = 0;
  for (const LostPair& pair : pairs) {
    const std::int64_t n_a = pair.a.ended.n + pair.a.lost, n_b = pair.b.ended.n + pair.b.lost;
    if (n_a == 0 || n_b == 0) continue;
    upper.differences.push_back(ScoreOf(pair.b, 1) - ScoreOf(pair.a, 0));
    lower.differences.push_back(ScoreOf(pair.b, 0) - ScoreOf(pair.a, 1));
    within += 1 / static_cast<double>(std::min(n_a, n_b));
  }
  if (upper.differences.size() < 2) return std::nullopt;
  upper.within = lower.within = std::min(1.0, within / static_cast<double>(upper.differences.size()));
  return Interval{ByTask(lower, confidence)->low, ByTask(upper, confidence)->high};
}

std::optional<double> TippingShare(std::span<const LostTask> tasks,
                                   const std::function<bool(const TaskScores&)>& passes) {
  if (!passes(WithLostAs(tasks, 0))) return std::nullopt;
  if (passes(WithLostAs(tasks, 1))) return 1;
  double low = 0, high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (passes(WithLostAs(tasks, middle)) ? low : high) = middle;
  }
  return low;
}

}  // namespace xsweep::stats
