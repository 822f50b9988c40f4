// What a design can see, and how large it must be: detectable differences and sample sizes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace xsweep::stats {

/// How sure one wants to be: two-sided level of the test and chance to see a difference that is there.
struct Demand {
  double alpha = 0.05;
  double power = 0.8;
};

/// 1 + (trials_per_task - 1) * icc, at least 1: how many clustered trials are worth one independent trial.
double DesignEffect(double trials_per_task, double icc);

/// Smallest increase over `baseline` that two independent arms of `n_per_arm` (effective) trials can see, unpooled
/// variances. Empty when n_per_arm <= 0 or not even an increase to 1 can be seen.
std::optional<double> DetectableIncrease(double baseline, double n_per_arm, Demand demand = {});
/// The same downwards: by how much the rate must fall. Empty when not even a fall to 0 can be seen.
std::optional<double> DetectableDecrease(double baseline, double n_per_arm, Demand demand = {});

/// Smallest difference that `pairs` (effective) pairs can see when a share `discordant` of them disagrees
/// (Connor 1987). Empty when pairs <= 0 or the difference would exceed `discordant`.
std::optional<double> DetectablePairedDifference(double discordant, double pairs, Demand demand = {});

/// Pairs of trials that are tested task by task.
struct PairedTasks {
  std::int64_t tasks = 0;
  std::int64_t trials_per_task = 1;
  double discordant = 0;  ///< share of pairs that disagree without an effect
  double added = 0;       ///< what an effect adds to that share, as a multiple of the effect
  double uneven = 0;      ///< variance over tasks of the effect, as a multiple of its mean squared
};
/// Smallest difference, at most `limit`, that a test by task sees: Student's t over tasks, of whose differences chance
/// within a task makes one part of the variance and the uneven effect the other. Empty when there is none, and always
/// with fewer than six tasks: their sign flips cannot reach a p of 0.05.
std::optional<double> DetectableByTask(const PairedTasks& pairs, double limit, Demand demand = {});

/// Smallest difference that is seen with an error of `se` over `clusters` (tasks, or single pairs): Student's quantiles
/// of alpha and power times se. Empty with fewer than six clusters, as for DetectableByTask.
std::optional<double> DetectableFromError(double se, std::int64_t clusters, Demand demand = {});

/// Independent trials per arm to see `baseline` against `other`. Empty when they are equal or outside [0, 1].
std::optional<std::int64_t> RequiredPerArm(double baseline, double other, Demand demand = {});

/// Pairs to see `difference` when a share `discordant` disagrees. Empty when 0 < |difference| <= discordant fails.
std::optional<std::int64_t> RequiredPairs(double discordant, double difference, Demand demand = {});

}  // namespace xsweep::stats
