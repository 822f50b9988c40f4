// Intervals for one rate and for the difference of two: Wilson, Clopper-Pearson, Newcombe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace xsweep::stats {

/// Closed, low <= high, both finite.
struct Interval {
  double low = 0;
  double high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// `successes` of `n`; 0 <= successes <= n.
struct Proportion {
  std::int64_t successes = 0;
  std::int64_t n = 0;
};

/// Two-sided standard normal quantile for `confidence` in (0, 1): 1.96 for 0.95.
double NormalQuantile(double confidence);
/// Two-sided quantile of Student's t with `freedom` >= 1 degrees of freedom.
double StudentQuantile(double confidence, double freedom);

/// Wilson's score interval (Wilson 1927). Empty when n is 0. Never of width 0.
std::optional<Interval> Wilson(Proportion rate, double confidence = 0.95);
/// The same for an estimate in [0, 1] that is worth `effective_n` > 0 independent trials and a quantile of any origin.
Interval WilsonScore(double estimate, double effective_n, double quantile);
/// Exact, by the beta distribution (Clopper and Pearson 1934). Empty when n is 0.
std::optional<Interval> ClopperPearson(Proportion rate, double confidence = 0.95);
/// a - b of two estimates in [0, 1] that are worth so many independent trials, by hybrid scores.
Interval NewcombeScore(double a, double effective_n_a, double b, double effective_n_b, double quantile);
/// a - b of two independent samples by hybrid scores (Newcombe 1998, method 10). Empty when either n is 0.
std::optional<Interval> Newcombe(Proportion a, Proportion b, double confidence = 0.95);

/// The true rate behind a judge that finds a share `sensitivity` of the successes and lets a share `specificity` of the
/// failures pass (Rogan and Gladen 1978), clipped to [0, 1]. Empty when the judge is no better than a coin.
std::optional<double> RoganGladen(double observed, double sensitivity, double specificity);

}  // namespace xsweep::stats
