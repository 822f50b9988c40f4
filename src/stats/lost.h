// Lost trials: what a rate would be had the trials without an outcome been failures, or successes (Manski 1990).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "stats/task_difference.h"
#include "stats/task_rate.h"

namespace xsweep::stats {

/// One task: successes among those that ended, and how many were lost.
struct LostTask {
  Cluster ended;
  std::int64_t lost = 0;
};

/// Scores (s + share lost) / (n + lost): `share` of the lost trials taken for successes.
TaskScores WithLostAs(std::span<const LostTask> tasks, double share);

struct LostBounds {
  double best = 0;                   ///< estimate with all lost ones failures
  double worst = 0;                  ///< with all of them successes
  std::optional<Interval> interval;  ///< lower bound of the best, upper bound of the worst; empty with one task
};
/// Empty without a task that holds a trial.
std::optional<LostBounds> BoundsWithLost(std::span<const LostTask> tasks, double confidence = 0.95);

/// Both sides of a task with their lost trials.
struct LostPair {
  LostTask a, b;
};
/// Of b - a: lower bound of best B against worst A, upper bound of worst B against best A. Empty with fewer than two
/// tasks that hold a trial on both sides.
std::optional<Interval> DifferenceWithLost(std::span<const LostPair> pairs, double confidence = 0.95);

/// The largest share of the lost trials that may have been successes for `passes` to hold, which must not become true
/// as scores rise. Empty: not even with 0; 1: whatever they were.
std::optional<double> TippingShare(std::span<const LostTask> tasks,
                                   const std::function<bool(const TaskScores&)>& passes);

}  // namespace xsweep::stats
