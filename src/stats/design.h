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

/// Independent trials per arm to see `baseline` against `other`. Empty when they are equal or outside [0, 1].
std::optional<std::int64_t> RequiredPerArm(double baseline, double other, Demand demand = {});

/// Pairs to see `difference` when a share `discordant` disagrees. Empty when 0 < |difference| <= discordant fails.
std::optional<std::int64_t> RequiredPairs(double discordant, double difference, Demand demand = {});

}  // namespace xsweep::stats
