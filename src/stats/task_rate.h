// A rate over tasks: the moderated score interval for tasks as drawn, and Wilson's for these tasks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/clusters.h"
#include "stats/intervals.h"

namespace xsweep::stats {

/// How alike trials of a task are taken to be while the data do not say, and how many tasks that belief is worth.
inline constexpr double kBelievedIcc = 0.5;
inline constexpr double kBelievedTasks = 2;
/// With fewer tasks than this, trials of one task are believed to be all alike.
inline constexpr std::size_t kFewTasks = 5;
/// Degrees of freedom before any task has been seen.
inline constexpr double kBelievedFreedom = 8;

/// One score in [0, 1] for each task that holds a trial that counts.
struct TaskScores {
  std::vector<double> scores;
  double within = 1;  ///< part of a score's variance that the task's own few trials explain: mean of 1 / n
};

/// Shares of successes; tasks without a trial are left out.
TaskScores SharesOf(std::span<const Cluster> tasks);

/// What the scores say of themselves. `icc_seen` is the intraclass correlation; `weight` is Kish's number of tasks that
/// carry the successes or the failures, whichever is smaller; `spread` is 1 / effective n.
struct ScoreBase {
  double estimate = 0;
  double icc_seen = 0;
  double weight = 0;
  double icc_used = 0;
  double spread = 1;
  std::optional<double> freedom;  ///< empty: the normal quantile
  double effective_n() const { return 1 / spread; }
};

/// At least one score.
ScoreBase BaseOf(const TaskScores& tasks);

/// Student's quantile with `freedom` degrees, the normal one where it is empty.
double QuantileOf(double confidence, std::optional<double> freedom);
/// Wilson's bounds (Wilson 1927) at `base`, without the walk that makes them monotone.
Interval PlainScore(const ScoreBase& base, double confidence);
/// Upper bound of C tasks without a success: what nothing seen can still hide.
double NothingSeen(std::size_t tasks, double within, double confidence);

/// Other tasks of this kind. Wilson's bound at Kish's effective n (Korn and Graubard 1998, Dean and Pagano 2015) whose
/// correlation is moderated by a belief (Smyth 2004), Student's quantile (Satterthwaite 1946), and of that the largest
/// over all data in which some successes had been failures: so no bound falls when a success is added. Empty with
/// fewer than two tasks: one task says nothing about others.
std::optional<Interval> TasksAsDrawn(const TaskScores& tasks, double confidence = 0.95);

/// The same tasks again: Wilson's interval at n = C / within. Too wide for unlike tasks, never too narrow (Hoeffding
/// 1956). Empty without a task.
std::optional<Interval> TheseTasks(const TaskScores& tasks, double confidence = 0.95);

}  // namespace xsweep::stats
