// Intervals that know that trials of one task resemble each other.
// SPDX-License-Identifier: Apache-2.0
#include "stats/clusters.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/draw.h"
#include "base/error.h"

namespace xsweep::stats {
namespace {

/// Below this many clusters that disagree with the rest, their correlation cannot be told from none.
constexpr std::int64_t kFewClusters = 5;

struct Disagreement {
  std::int64_t with_success = 0;
  std::int64_t with_failure = 0;
};

Disagreement CountDisagreement(std::span<const Cluster> clusters) {
  Disagreement count;
  for (const Cluster& cluster : clusters) {
    count.with_success += cluster.sum > 0 ? 1 : 0;
    count.with_failure += cluster.sum < cluster.n ? 1 : 0;
  }
  return count;
}

}  // namespace

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

Interval WithClusters(const ClusteredInterval& seen, double estimate, std::int64_t clusters, double confidence) {
  CHECK(clusters >= 2 && seen.clusters >= 2, "one task says nothing about others");
  const auto count = static_cast<double>(clusters);
  if (seen.method == ClusteredMethod::kWilsonPerCluster) {
    return WilsonScore(estimate, count, NormalQuantile(confidence));
  }
  const double n = seen.robust_n * count / static_cast<double>(seen.clusters);
  return WilsonScore(estimate, n, StudentQuantile(confidence, count - 1));
}

std::optional<ClusteredInterval> ClusteredRate(std::span<const Cluster> clusters, double confidence) {
  const auto error = ClusterRobustError(clusters);
  if (!error) return std::nullopt;
  const auto [with_success, with_failure] = CountDisagreement(clusters);
  ClusteredInterval result;
  result.clusters = error->clusters;
  if (std::min(with_success, with_failure) < std::min(kFewClusters, error->clusters)) {
    // 0 of 500 in 50 tasks says no more about other tasks than 0 of 50: one unseen kind of task may fall each time.
    result.method = ClusteredMethod::kWilsonPerCluster;
    result.effective_n = result.robust_n = static_cast<double>(error->clusters);
  } else {
    // A negative correlation is not believed, so the effective n never exceeds n (nor divides by an error of 0).
    const double variance = error->mean * (1 - error->mean);
    const auto n = static_cast<double>(error->n);
    result.robust_n = error->se * error->se * n <= variance ? n : variance / (error->se * error->se);
    // A score interval depends on quantile^2 / n alone.
    const double student = StudentQuantile(confidence, static_cast<double>(error->clusters - 1));
    result.effective_n = result.robust_n * std::pow(NormalQuantile(confidence) / student, 2);
  }
  result.bounds = WithClusters(result, error->mean, error->clusters, confidence);
  return result;
}

std::optional<Interval> ClusterBootstrap(std::span<const Cluster> clusters, std::uint64_t seed, int resamples,
                                         double confidence) {
  std::vector<Cluster> usable;
  std::ranges::copy_if(clusters, std::back_inserter(usable), [](const Cluster& cluster) { return cluster.n > 0; });
  if (usable.size() < 2 || resamples < 1) return std::nullopt;
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(resamples));
  for (int i = 0; i < resamples; ++i) {
    const Draws draws(seed, "cluster_bootstrap", static_cast<std::uint32_t>(i));
    Cluster total;
    for (std::uint32_t pick = 0; pick < usable.size(); ++pick) {
      const auto chosen = draws.Integer("pick", pick, 0, static_cast<std::int64_t>(usable.size()) - 1);
      total.sum += usable[static_cast<std::size_t>(chosen)].sum;
      total.n += usable[static_cast<std::size_t>(chosen)].n;
    }
    means.push_back(static_cast<double>(total.sum) / static_cast<double>(total.n));
  }
  return PercentileInterval(means, confidence);
}

Interval PercentileInterval(std::span<double> values, double confidence) {
  CHECK(!values.empty(), "percentiles of nothing were asked for");
  std::ranges::sort(values);
  const double last = static_cast<double>(values.size() - 1);
  const double tail = (1 - confidence) / 2;
  return {values[static_cast<std::size_t>(std::floor(tail * last))],
          values[static_cast<std::size_t>(std::ceil((1 - tail) * last))]};
}

Interval WithClusters(const PairedDifference& seen, std::int64_t clusters, double confidence) {
  CHECK(clusters >= 2 && seen.clusters >= 2, "one task says nothing about others");
  const auto count = static_cast<double>(clusters);
  double half =
      StudentQuantile(confidence, count - 1) * seen.se * std::sqrt(static_cast<double>(seen.clusters) / count);
  // An error that rests on a handful of tasks is bounded from below by what zero of C tasks could still hide.
  if (seen.few_differ) half = std::max(half, Wilson({0, clusters}, confidence)->high);
  return {std::max(-1.0, seen.difference - half), std::min(1.0, seen.difference + half)};
}

std::optional<PairedDifference> ClusteredPairedDifference(std::span<const Cluster> clusters, double confidence) {
  const auto error = ClusterRobustError(clusters);
  if (!error) return std::nullopt;
  PairedDifference result{.difference = error->mean, .se = error->se, .clusters = error->clusters, .pairs = error->n};
  const auto differing = std::ranges::count_if(clusters, [](const Cluster& cluster) { return cluster.sum != 0; });
  result.few_differ = differing < kFewClusters || error->se == 0;
  const double half = StudentQuantile(confidence, static_cast<double>(error->clusters - 1)) * error->se;
  result.widened = result.few_differ && Wilson({0, error->clusters}, confidence)->high > half;
  result.bounds = WithClusters(result, error->clusters, confidence);
  return result;
}

}  // namespace xsweep::stats
