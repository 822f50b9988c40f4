// Shares of variance: how much of what trials say is the task, the seed, both together, or the single trial.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace xsweep::stats {

/// Order of the four: task, seed, task x seed, trial.
struct VarianceShares {
  std::array<double, 4> components{};
  std::array<double, 4> shares{};  ///< of their sum; all 0 when nothing varies
  std::optional<double> seed_p;    ///< F test of the seeds; empty when nothing varies
};

/// Balanced 0/1 trials [task][seed][repetition], flat, on the probability scale: mean squares of the crossed layout,
/// components no smaller than 0. Empty unless there are at least two of each.
std::optional<VarianceShares> SharesOfVariance(std::span<const std::uint8_t> trials, std::size_t tasks,
                                               std::size_t seeds, std::size_t repetitions);

}  // namespace xsweep::stats
