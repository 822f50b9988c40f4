// Effort: success within k tries, of k trials all, tries to success, and what more tries would do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/task_rate.h"

namespace xsweep::stats {

/// A point of a curve: a mean over tasks with its interval.
struct CurvePoint {
  std::int64_t k = 0;
  double value = 0;
  std::int64_t tasks_used = 0;       ///< those with k trials
  std::optional<Interval> interval;  ///< empty with one task
};

/// Chance that at least one of k of a task's trials, drawn without replacement, succeeds: 1 - C(n - s, k) / C(n, k)
/// (Chen et al. 2021), over the tasks with k trials. Empty when none has.
std::optional<CurvePoint> SuccessAtK(std::span<const Cluster> tasks, std::int64_t k, double confidence = 0.95);
/// The scores behind it: one a task with k trials.
TaskScores ScoresAtK(std::span<const Cluster> tasks, std::int64_t k);
/// Chance that all k do: C(s, k) / C(n, k).
std::optional<CurvePoint> PassAtK(std::span<const Cluster> tasks, std::int64_t k, double confidence = 0.95);

/// One trial of an attacker that tries until it succeeds.
struct Tries {
  std::uint32_t task = 0;    ///< any number, equal for trials of one task
  std::int64_t queries = 0;  ///< tries made; with `success` the one that succeeded
  bool success = false;
};

/// Share that succeeds within `query` tries. Where every trial is known at that try (a success, or as many tries made)
/// it is a rate over tasks; where some were cut off before, Kaplan and Meier's estimate with weight 1/n for each trial
/// of a task of n, whose variance is the jackknife's over tasks. Empty without a trial.
std::optional<CurvePoint> SuccessWithinTries(std::span<const Tries> trials, std::int64_t query,
                                             double confidence = 0.95);

struct Extrapolation {
  double a = 0, b = 0;  ///< of the beta distribution of task rates
  double log_likelihood = 0;
  double value = 0;
  Interval interval{};
};
/// Success within k tries beyond those made, on the assumption that task rates follow a beta distribution (Griffiths
/// 1973; Kazdan et al. 2025). Refused (empty) with fewer than 20 tasks, 10 with a success or 10 with a failure, for k
/// beyond three times the fewest trials of a task, and where the likelihood has no maximum inside.
std::optional<Extrapolation> ExtrapolateSuccess(std::span<const Cluster> tasks, std::int64_t k,
                                                double confidence = 0.95);

}  // namespace xsweep::stats
