// Clusters: the trials of one task.
// SPDX-License-Identifier: Apache-2.0
#include "stats/clusters.h"

#include <cmath>

#include "base/error.h"

namespace xsweep::stats {
std::optional<ClusteredError> ClusterRobustError(std::span<const Cluster> clusters) {
  ClusteredError error;
  std::int64_t sum = 0;
  for (const Cluster& cluster : clusters) {
    CHECK(cluster.n >= 0 && std::abs(cluster.sum) <= cluster.n, "a cluster's sum exceeds its size");
    error.clusters += cluster.n > 0 ? 1 : 0;
    error.n += cluster.n;
    sum += cluster.sum;
  }
  if (error.clusters < 2) return std::nullopt;
  const auto n = static_cast<double>(error.n);
  error.mean = static_cast<double>(sum) / n;
  double squares = 0;
  for (const Cluster& cluster : clusters) {
    const double residual = static_cast<double>(cluster.sum) - error.mean * static_cast<double>(cluster.n);
    squares += residual * residual;
  }
  const auto count = static_cast<double>(error.clusters);
  error.se_without_correction = std::sqrt(squares) / n;
  error.se = std::sqrt(squares * count / (count - 1)) / n;
  return error;
}

}  // namespace xsweep::stats
