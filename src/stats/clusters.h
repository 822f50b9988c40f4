// Intervals that know that trials of one task resemble each other: cluster-robust errors, bootstrap, paired clusters.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stats/intervals.h"

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

/// How a clustered interval came about.
enum class ClusteredMethod : std::uint8_t {
  kClusterRobust,    ///< Wilson's score interval at the effective n that the robust error implies, t with C-1 degrees
  kWilsonPerCluster  ///< fewer than five clusters disagree, so the correlation cannot be seen: each counts as one trial
};

struct ClusteredInterval {
  Interval bounds{};
  ClusteredMethod method = ClusteredMethod::kClusterRobust;
  double effective_n = 0;  ///< independent trials whose Wilson interval is this one; at most n
  double robust_n = 0;     ///< the effective n that the robust error implies; few clusters leave that error unsure
  std::int64_t clusters = 0;
};

/// Interval of a rate over tasks drawn from a population; sums are successes. Empty with fewer than two clusters: one
/// task says nothing about others. Equal clusters never give width 0, see kWilsonPerCluster.
std::optional<ClusteredInterval> ClusteredRate(std::span<const Cluster> clusters, double confidence = 0.95);

/// The interval that `clusters` >= 2 tasks of the same kind would have given for the same `estimate`.
Interval WithClusters(const ClusteredInterval& seen, double estimate, std::int64_t clusters, double confidence = 0.95);

/// Percentile interval of the mean over `resamples` draws of whole clusters. A pure function of its arguments.
/// Empty with fewer than two clusters; of width 0 when all clusters are equal, so prefer ClusteredRate there.
std::optional<Interval> ClusterBootstrap(std::span<const Cluster> clusters, std::uint64_t seed, int resamples = 2000,
                                         double confidence = 0.95);

/// The central `confidence` share of `values`, which it sorts; the outer of two order statistics. At least one value.
Interval PercentileInterval(std::span<double> values, double confidence);

/// Mean of paired differences, clustered by task; sums are of -1, 0, 1.
struct PairedDifference {
  double difference = 0;
  double se = 0;
  Interval bounds{};
  bool few_differ = false;  ///< fewer than five tasks do: no narrower than Wilson's bound at 0 of C tasks
  bool widened = false;     ///< that bound is the wider one
  std::int64_t clusters = 0;
  std::int64_t pairs = 0;
};

/// The interval that `clusters` >= 2 tasks of the same kind would have given for the same difference.
Interval WithClusters(const PairedDifference& seen, std::int64_t clusters, double confidence = 0.95);

/// Empty with fewer than two clusters.
std::optional<PairedDifference> ClusteredPairedDifference(std::span<const Cluster> clusters, double confidence = 0.95);

}  // namespace xsweep::stats
