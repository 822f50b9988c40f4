// Intervals for one rate and for the difference of two.
// SPDX-License-Identifier: Apache-2.0
#include "stats/intervals.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "base/error.h"
#include "stats/in_double.h"

namespace xsweep::stats {
namespace {

void CheckProportion(Proportion rate) {
  CHECK(rate.n >= 0 && rate.successes >= 0 && rate.successes <= rate.n, "successes lie outside 0..n");
}

double Estimate(Proportion rate) { return static_cast<double>(rate.successes) / static_cast<double>(rate.n); }

}  // namespace

double NormalQuantile(double confidence) {
  return boost::math::quantile(boost::math::normal_distribution<double, InDouble>(), 0.5 + confidence / 2);
}

double StudentQuantile(double confidence, double freedom) {
  CHECK(freedom >= 1, "Student's t needs a degree of freedom");
  // A report asks for few different ones, each very often, and one costs as much as all the rest of an interval.
  struct Known {
    double confidence = 0, freedom = 0, quantile = 0;
  };
  thread_local std::array<Known, 1024> cache;
  const auto bits = std::bit_cast<std::uint64_t>(freedom) ^ std::bit_cast<std::uint64_t>(confidence) << 1U;
  Known& known = cache[(bits * 0x9E3779B97F4A7C15ULL) >> 54U];
  if (known.confidence != confidence || known.freedom != freedom) {
    const boost::math::students_t_distribution<double, InDouble> student(freedom);
    known = {confidence, freedom, boost::math::quantile(student, 0.5 + confidence / 2)};
  }
  return known.quantile;
}

Interval WilsonScore(double estimate, double effective_n, double quantile) {
  const double z2 = quantile * quantile;
  const double denominator = 1 + z2 / effective_n;
  const double center = (estimate + z2 / (2 * effective_n)) / denominator;
  const double variance = estimate * (1 - estimate) / effective_n + z2 / (4 * effective_n * effective_n);
  const double half = quantile * std::sqrt(variance) / denominator;
  // At 0 and 1 the bound is the estimate itself; rounding must not move it.
  return {estimate <= 0 ? 0 : std::max(0.0, center - half), estimate >= 1 ? 1 : std::min(1.0, center + half)};
}

std::optional<Interval> Wilson(Proportion rate, double confidence) {
  CheckProportion(rate);
  if (rate.n == 0) return std::nullopt;
  return WilsonScore(Estimate(rate), static_cast<double>(rate.n), NormalQuantile(confidence));
}

std::optional<Interval> ClopperPearson(Proportion rate, double confidence) {
  CheckProportion(rate);
  if (rate.n == 0) return std::nullopt;
  const auto successes = static_cast<double>(rate.successes);
  const double failures = static_cast<double>(rate.n) - successes;
  const double tail = (1 - confidence) / 2;
  Interval interval{0, 1};
  if (rate.successes > 0) {
    interval.low = boost::math::quantile(boost::math::beta_distribution<>(successes, failures + 1), tail);
  }
  if (rate.successes < rate.n) {
    interval.high =
        boost::math::quantile(boost::math::complement(boost::math::beta_distribution<>(successes + 1, failures), tail));
  }
  return interval;
}

Interval NewcombeScore(double a, double effective_n_a, double b, double effective_n_b, double quantile) {
  const Interval wilson_a = WilsonScore(a, effective_n_a, quantile);
  const Interval wilson_b = WilsonScore(b, effective_n_b, quantile);
  const double below = std::hypot(a - wilson_a.low, wilson_b.high - b);
  const double above = std::hypot(wilson_a.high - a, b - wilson_b.low);
  return {std::max(-1.0, a - b - below), std::min(1.0, a - b + above)};
}

std::optional<Interval> Newcombe(Proportion a, Proportion b, double confidence) {
  CheckProportion(a);
  CheckProportion(b);
  if (a.n == 0 || b.n == 0) return std::nullopt;
  return NewcombeScore(Estimate(a), static_cast<double>(a.n), Estimate(b), static_cast<double>(b.n),
                       NormalQuantile(confidence));
}

std::optional<double> RoganGladen(double observed, double sensitivity, double specificity) {
  const double youden = sensitivity + specificity - 1;
  if (!(youden > 0)) return std::nullopt;
  return std::clamp((observed + specificity - 1) / youden, 0.0, 1.0);
}

}  // namespace xsweep::stats
