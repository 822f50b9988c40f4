// A difference of two rates, B minus A: paired by task, within these tasks, or of separate tasks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/task_rate.h"

namespace xsweep::stats {

/// How many tasks the belief is worth that what was not seen to differ may differ as much as nothing seen can hide.
inline constexpr double kBelievedDifferingTasks = 4;

/// One task's trials on both sides; only tasks with a trial on both make a pair.
struct TaskPair {
  Cluster a, b;
};

/// Differences of scores by task, in [-1, 1], and what bounds them.
struct TaskDifferences {
  std::vector<double> differences;  ///< b - a
  double within = 1;                ///< mean of 1 / min(n_a, n_b)
};
TaskDifferences DifferencesOf(std::span<const TaskPair> pairs);

/// The largest upper bound over worse data, sum of the t interval by task and of what nothing seen can still hide, so
/// that no bound falls when B fails once more (Miller 2024: paired, clustered). `extra_variance` is added to that of
/// the mean. Empty with fewer than two tasks.
std::optional<Interval> ByTask(const TaskDifferences& tasks, double confidence = 0.95);
/// The same with Student's quantile and NothingSeen handed in, for many intervals of one size.
Interval ByTaskWith(const TaskDifferences& tasks, double quantile, double nothing_seen);

/// Two-sided p by flipping the sign of whole tasks (Fisher 1935), exactly in integers: s_B - s_A where all n are equal,
/// otherwise the difference of shares in parts of 5040. McNemar's with one trial a task. Drawn from `seed` where the
/// exact distribution would be too large.
double SignFlipByTask(std::span<const TaskPair> pairs, std::uint64_t seed = 1);

/// Newcombe's hybrid score from the intervals of both sides over the same tasks. Empty without a task.
std::optional<Interval> WithinTheseTasks(std::span<const TaskPair> pairs, double confidence = 0.95);
/// Two-sided exact p: within each task, given its successes on both sides together, those of B are hypergeometric; the
/// sum over all totals no likelier than the one seen. One task: Fisher's.
double StratifiedExact(std::span<const TaskPair> pairs);

/// Newcombe's hybrid score (1998, method 10) on the two intervals of TasksAsDrawn. Empty with fewer than two tasks on
/// a side.
std::optional<Interval> SeparateTasks(const TaskScores& a, const TaskScores& b, double confidence = 0.95);

}  // namespace xsweep::stats
