// Looking again.
// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential.h"

#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace xsweep::stats {
namespace {

double LogBeta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

/// log of Int_0^x t^(a-1) (1-t)^(b-1) dt far in its tail, by the continued fraction (Lentz), where the function itself
/// has left the doubles.
double LogTail(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (std::abs(d) < kTiny ? kTiny : d);
  double fraction = d;
  for (int i = 1; i <= 100'000; ++i) {
    const double m = i;
    const auto step = [&](double term) {
      d = 1 + term * d;
      d = 1 / (std::abs(d) < kTiny ? kTiny : d);
      c = 1 + term / c;
      if (std::abs(c) < kTiny) c = kTiny;
      fraction *= d * c;
      return d * c;
    };
    step(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
    if (std::abs(step(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))) - 1) < 1e-16) break;
  }
  return a * std::log(x) + b * std::log1p(-x) - std::log(a) + std::log(fraction);
}

/// log of the unnormalised incomplete beta function from 0 to x.
double LogIncompleteBeta(double a, double b, double x) {
  const double share = boost::math::ibeta(a, b, x);
  return share > 1e-300 ? std::log(share) + LogBeta(a, b) : LogTail(a, b, x);
}
/// The same from x to 1.
double LogIncompleteRest(double a, double b, double x) {
  const double share = boost::math::ibetac(a, b, x);
  return share > 1e-300 ? std::log(share) + LogBeta(a, b) : LogTail(b, a, 1 - x);
}

}  // namespace

double LookConfidence(int look, double confidence) {
  CHECK(look >= 1, "looks are counted from 1");
  return 1 - (1 - confidence) * 6 / std::pow(std::numbers::pi * look, 2);
}

LogEvidence EvidenceAgainst(double threshold, std::int64_t successes, std::int64_t n) {
  CHECK(threshold > 0 && threshold < 1 && successes >= 0 && successes <= n, "evidence outside its range was asked for");
  const auto s = static_cast<double>(successes);
  const auto f = static_cast<double>(n - successes);
  const double at_threshold = s * std::log(threshold) + f * std::log1p(-threshold);
  LogEvidence out;
  out.below = LogIncompleteBeta(0.5 + s, 0.5 + f, threshold) - LogIncompleteBeta(0.5, 0.5, threshold) - at_threshold;
  out.above = LogIncompleteRest(0.5 + s, 0.5 + f, threshold) - LogIncompleteRest(0.5, 0.5, threshold) - at_threshold;
  return out;
}

double EvidenceNeeded(double confidence) { return std::log(2 / (1 - confidence)); }

}  // namespace xsweep::stats
