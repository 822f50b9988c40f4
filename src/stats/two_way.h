// TwoWay: an interval for a rate whose trials share something in two ways, e.g. a user's task and an injection.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stats/task_rate.h"

namespace xsweep::stats {

struct TwoWayInterval {
  std::optional<Interval> first, second;  ///< as drawn one way; empty with fewer than two clusters
  std::optional<Interval> both;           ///< empty unless both are there
  double effective_n = 0;                 ///< of `both`
};

/// The variances of both ways add up, and what they share, the trials themselves, is taken off once (Cameron, Gelbach
/// and Miller 2011): 1/n_both = 1/n_first + 1/n_second - 1/n, with the effective n that each way's interval has. The
/// interval is Wilson's at that n about the mean over the first way's clusters, which is the rate that everything else
/// shows, with Student's quantile of the fewer degrees of freedom; never narrower than either, so no bound falls
/// where theirs do not.
TwoWayInterval TwoWayRate(std::span<const Cluster> first, std::span<const Cluster> second, double confidence = 0.95);

}  // namespace xsweep::stats
