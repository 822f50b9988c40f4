// Tests of "no difference", and what many tests at once cost.
// SPDX-License-Identifier: Apache-2.0
#include "stats/tests.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <numeric>

#include "base/draw.h"
#include "base/error.h"

namespace xsweep::stats {
namespace {

constexpr std::int64_t kExactWork = 100'000'000;
constexpr std::int64_t kExactRange = 1'000'000;  ///< so that the masses take 8 MB at most
constexpr int kSignFlipDraws = 10'000;

/// Weight of every table with these margins relative to the one seen, walked by the ratio of neighbours, so that no
/// large numbers cancel. `successes` of `total` fall into a first sample of `n`.
struct Hypergeometric {
  std::int64_t n, successes, total;
  std::int64_t low() const { return std::max<std::int64_t>(0, n + successes - total); }
  std::int64_t high() const { return std::min(n, successes); }
  /// P(k + 1) / P(k).
  double RatioUp(std::int64_t k) const {
    return static_cast<double>(n - k) * static_cast<double>(successes - k) /
           (static_cast<double>(k + 1) * static_cast<double>(total - n - successes + k + 1));
  }
};

/// Distribution of the sum of independently signed magnitudes, exactly; returns P(|sum| >= |observed|).
double SignFlipExact(const std::vector<std::int64_t>& magnitudes, std::int64_t range, std::int64_t observed) {
  // Sums of all coins that came up: sum = 2 (that) - range. Only every place up to the reach so far can hold mass.
  std::vector<double> mass(static_cast<std::size_t>(range + 1));
  mass[0] = 1;
  std::int64_t reach = 0;
  for (const std::int64_t magnitude : magnitudes) {
    reach += magnitude;
    for (std::int64_t at = reach; at >= magnitude; --at) {
      mass[static_cast<std::size_t>(at)] =
          (mass[static_cast<std::size_t>(at)] + mass[static_cast<std::size_t>(at - magnitude)]) / 2;
    }
    for (std::int64_t at = std::min(magnitude, reach + 1) - 1; at >= 0; --at) mass[static_cast<std::size_t>(at)] /= 2;
  }
  double p = 0;
  for (std::int64_t at = 0; at <= range; ++at) {
    if (std::abs(2 * at - range) >= std::abs(observed)) p += mass[static_cast<std::size_t>(at)];
  }
  return std::min(1.0, p);
}

double SignFlipDrawn(const std::vector<std::int64_t>& magnitudes, std::int64_t observed, std::uint64_t seed) {
  int as_far = 1;
  for (int i = 0; i < kSignFlipDraws; ++i) {
    const Draws draws(seed, "sign_flip", static_cast<std::uint32_t>(i));
    std::int64_t sum = 0;
    std::uint64_t coins = 0;
    for (std::uint32_t task = 0; task < magnitudes.size(); ++task) {
      // One draw is 64 coins.
      if (task % 64 == 0) coins = static_cast<std::uint64_t>(draws.Integer("signs", task / 64, INT64_MIN, INT64_MAX));
      sum += (coins >> (task % 64) & 1U) != 0 ? magnitudes[task] : -magnitudes[task];
    }
    as_far += std::abs(sum) >= std::abs(observed) ? 1 : 0;
  }
  return static_cast<double>(as_far) / (kSignFlipDraws + 1);
}

std::vector<std::size_t> AscendingOrder(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return p[a] != p[b] ? p[a] < p[b] : a < b; });
  return order;
}

}  // namespace

double FisherExact(Proportion a, Proportion b) {
  if (a.n == 0 || b.n == 0) return 1;
  const Hypergeometric tables{a.n, a.successes + b.successes, a.n + b.n};
  // Tables as likely as the one seen count; rounding gets the same allowance as in scipy and R.
  constexpr double kAsLikely = 1 + 1e-7;
  constexpr double kNegligibleWeight = 1e-18;
  double as_extreme = 1;
  double all = 1;
  // The weights have one peak, so a negligible one is followed by smaller ones only. Rejected: the seen table's share
  // by log-gamma, whose error grows with the sample (2e-9 at 10 million).
  const auto add = [&](double weight) {
    all += weight;
    if (weight <= kAsLikely) as_extreme += weight;
    return weight > kNegligibleWeight;
  };
  double weight = 1;
  for (std::int64_t k = a.successes; k < tables.high(); ++k) {
    weight *= tables.RatioUp(k);
    if (!add(weight)) break;
  }
  weight = 1;
  for (std::int64_t k = a.successes; k > tables.low(); --k) {
    weight /= tables.RatioUp(k - 1);
    if (!add(weight)) break;
  }
  return std::min(1.0, as_extreme / all);
}

double McNemarExact(std::int64_t b, std::int64_t c) {
  CHECK(b >= 0 && c >= 0, "a count of pairs is negative");
  if (b + c == 0) return 1;
  const boost::math::binomial_distribution<> coin(static_cast<double>(b + c), 0.5);
  return std::min(1.0, 2 * boost::math::cdf(coin, static_cast<double>(std::min(b, c))));
}

double SignFlips(std::span<const std::int64_t> differences, std::uint64_t seed) {
  std::vector<std::int64_t> magnitudes;
  std::int64_t observed = 0, range = 0, unit = 0;
  for (const std::int64_t difference : differences) unit = std::gcd(unit, std::abs(difference));
  if (unit == 0) return 1;
  for (const std::int64_t difference : differences) {
    if (difference == 0) continue;
    magnitudes.push_back(std::abs(difference) / unit);
    observed += difference / unit;
    range += magnitudes.back();
  }
  const bool exact = range <= std::min(kExactRange, kExactWork / std::ssize(magnitudes));
  return exact ? SignFlipExact(magnitudes, range, observed) : SignFlipDrawn(magnitudes, observed, seed);
}

double SignFlipByCluster(std::span<const Cluster> differences, std::uint64_t seed) {
  std::vector<std::int64_t> sums;
  sums.reserve(differences.size());
  for (const Cluster& cluster : differences) sums.push_back(cluster.sum);
  return SignFlips(sums, seed);
}

std::vector<double> HolmAdjust(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  double so_far = 0;
  std::size_t rank = 0;
  for (const std::size_t i : AscendingOrder(p)) {
    so_far = std::max(so_far, std::min(1.0, p[i] * static_cast<double>(p.size() - rank)));
    adjusted[i] = so_far;
    ++rank;
  }
  return adjusted;
}

std::vector<double> BenjaminiHochbergAdjust(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  const std::vector<std::size_t> order = AscendingOrder(p);
  double so_far = 1;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    so_far = std::min(so_far, p[i] * static_cast<double>(p.size()) / static_cast<double>(rank));
    adjusted[i] = so_far;
  }
  return adjusted;
}

}  // namespace xsweep::stats
