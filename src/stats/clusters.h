// Clusters: the trials of one task, and the error of a mean that knows that they resemble each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace xsweep::stats {

/// All trials of one task: the sum of what was measured (0/1 per trial, or -1/0/1 per pair) and how many there were.
struct Cluster {
  std::int64_t sum = 0;
  std::int64_t n = 0;
};

struct ClusteredError {
  double mean = 0;
  double se = 0;                     ///< with the C/(C-1) correction
  double se_without_correction = 0;  ///< as Liang and Zeger have it
  std::int64_t clusters = 0;         ///< those with n > 0
  std::int64_t n = 0;
};

/// Cluster-robust standard error of a mean over trials. Empty with fewer than two clusters that hold a trial.
std::optional<ClusteredError> ClusterRobustError(std::span<const Cluster> clusters);

}  // namespace xsweep::stats
