// TwoWay: an interval for a rate whose trials share something in two ways.
// SPDX-License-Identifier: Apache-2.0
#include "stats/two_way.h"

#include <algorithm>

namespace xsweep::stats {

TwoWayInterval TwoWayRate(std::span<const Cluster> first, std::span<const Cluster> second, double confidence) {
  const TaskScores of_first = SharesOf(first), of_second = SharesOf(second);
  TwoWayInterval out{TasksAsDrawn(of_first, confidence), TasksAsDrawn(of_second, confidence), std::nullopt, 0};
  Cluster all;
  for (const Cluster& cluster : first) all.sum += cluster.sum, all.n += cluster.n;
  if (!out.first || !out.second || all.n == 0) return out;
  const ScoreBase one = BaseOf(of_first), other = BaseOf(of_second);
  const auto n = static_cast<double>(all.n);
  const double inverse = one.spread + other.spread - 1 / n;
  out.effective_n = std::min({1 / inverse, one.effective_n(), other.effective_n()});
  std::optional<double> freedom = one.freedom;
  if (other.freedom) freedom = std::min(freedom.value_or(*other.freedom), *other.freedom);
  const Interval bounds = WilsonScore(one.estimate, out.effective_n, QuantileOf(confidence, freedom));
  out.both = Interval{std::min({bounds.low, out.first->low, out.second->low}),
                      std::max({bounds.high, out.first->high, out.second->high})};
  return out;
}

}  // namespace xsweep::stats
