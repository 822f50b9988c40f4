// What a design can see, and how large it must be.
// SPDX-License-Identifier: Apache-2.0
#include "stats/design.h"

#include <algorithm>
#include <cmath>

#include "stats/intervals.h"

namespace xsweep::stats {
namespace {

struct Quantiles {
  double alpha;
  double power;
  double sum() const { return alpha + power; }
};

/// The one-sided quantile of the power p is the two-sided one of 2p - 1.
Quantiles QuantilesOf(Demand demand) {
  const double power =
      demand.power >= 0.5 ? NormalQuantile(2 * demand.power - 1) : -NormalQuantile(1 - 2 * demand.power);
  return {NormalQuantile(1 - demand.alpha), power};
}

/// The root of an increasing `excess` on [0, limit] by bisection to the last bit; empty when it stays below 0.
template <class Function>
std::optional<double> Root(double limit, Function excess) {
  if (!(limit > 0) || excess(limit) < 0) return std::nullopt;
  double low = 0;
  double high = limit;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (excess(middle) < 0 ? low : high) = middle;
  }
  return high;
}

double Variance(double rate) { return rate * (1 - rate); }

std::optional<std::int64_t> WholeTrials(double count) {
  if (!std::isfinite(count) || count > 9e15) return std::nullopt;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(count - 1e-9)));
}

}  // namespace

double DesignEffect(double trials_per_task, double icc) { return std::max(1.0, 1 + (trials_per_task - 1) * icc); }

std::optional<double> DetectableIncrease(double baseline, double n_per_arm, Demand demand) {
  if (!(n_per_arm > 0)) return std::nullopt;
  const double z = QuantilesOf(demand).sum();
  return Root(1 - baseline, [&](double increase) {
    return increase - z * std::sqrt((Variance(baseline) + Variance(baseline + increase)) / n_per_arm);
  });
}

std::optional<double> DetectableDecrease(double baseline, double n_per_arm, Demand demand) {
  return DetectableIncrease(1 - baseline, n_per_arm, demand);
}

std::optional<double> DetectablePairedDifference(double discordant, double pairs, Demand demand) {
  if (!(pairs > 0)) return std::nullopt;
  const Quantiles z = QuantilesOf(demand);
  return Root(discordant, [&](double difference) {
    const double spread = std::sqrt(std::max(0.0, discordant - difference * difference));
    return difference * std::sqrt(pairs) - z.alpha * std::sqrt(discordant) - z.power * spread;
  });
}

std::optional<std::int64_t> RequiredPerArm(double baseline, double other, Demand demand) {
  const bool rates = baseline >= 0 && baseline <= 1 && other >= 0 && other <= 1;
  if (!rates || baseline == other) return std::nullopt;
  const double z = QuantilesOf(demand).sum();
  const double difference = other - baseline;
  return WholeTrials(z * z * (Variance(baseline) + Variance(other)) / (difference * difference));
}

std::optional<std::int64_t> RequiredPairs(double discordant, double difference, Demand demand) {
  const double size = std::abs(difference);
  if (!(size > 0) || size > discordant || discordant > 1) return std::nullopt;
  const Quantiles z = QuantilesOf(demand);
  const double root = z.alpha * std::sqrt(discordant) + z.power * std::sqrt(discordant - size * size);
  return WholeTrials(root * root / (size * size));
}

}  // namespace xsweep::stats
