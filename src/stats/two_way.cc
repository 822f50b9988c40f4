// TwoWay: an interval for a rate whose trials share something in two ways.
// SPDX-License-Identifier: Apache-2.0
#include "stats/two_way.h"

#include <algorithm>

namespace xsweep::stats {

TwoWayInterval TwoWayRate(std::span<const Cluster> first, std::span<const Cluster> second, double confidence) {
  TwoWayInterval out{ClusteredRate(first, confidence), ClusteredRate(second, confidence), std::nullopt, 0};
  Cluster all;
  for (const Cluster& cluster : first) all.sum += cluster.sum, all.n += cluster.n;
  if (!out.first || !out.second || all.n == 0) return out;
  const auto n = static_cast<double>(all.n);
  const double inverse = 1 / out.first->effective_n + 1 / out.second->effective_n - 1 / n;
  out.effective_n = std::min({1 / inverse, out.first->effective_n, out.second->effective_n});
  const double p = static_cast<double>(all.sum) / n;
  const auto clusters = static_cast<double>(std::min(out.first->clusters, out.second->clusters));
  const Interval bounds = WilsonScore(p, out.effective_n, StudentQuantile(confidence, clusters - 1));
  out.both = Interval{std::min({bounds.low, out.first->bounds.low, out.second->bounds.low}),
                      std::max({bounds.high, out.first->bounds.high, out.second->bounds.high})};
  return out;
}

}  // namespace xsweep::stats
