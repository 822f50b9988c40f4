// Families of contrasts that share their tasks: step-down max-t by joint sign flips.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace xsweep::stats {

/// Up to so many tasks all flips are walked.
inline constexpr std::size_t kMostTasksForAllFlips = 13;

/// Adjusted two-sided p of each contrast: rows of task differences (0 where a task lacks a pair), all of one length.
/// The sign of a whole task is flipped in all contrasts at once, so what they share is not paid for twice (Westfall and
/// Young 1993). All flips up to 13 tasks, beyond that 10,000 draws from `seed` and the observed one. A row of zeros has
/// p = 1 and costs the others nothing.
std::vector<double> MaxTAdjust(std::span<const std::vector<double>> differences, std::uint64_t seed = 1);

}  // namespace xsweep::stats
