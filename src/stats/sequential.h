// Looking again: the confidence of a later look, and e-values that may be looked at at any time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace xsweep::stats {

/// Confidence of the `look`-th look (from 1) so that all looks together err at most 1 - confidence, whatever is shared
/// between them: 1 - (1 - c) 6 / (pi k)^2, whose errors add up to 1 - c (union bound, Basel's sum).
double LookConfidence(int look, double confidence = 0.95);

/// Logarithms of the evidence that the rate lies below, and above, a threshold in (0, 1).
struct LogEvidence {
  double below = 0;
  double above = 0;
};
/// The mixture of binomial likelihoods over Beta(1/2, 1/2), cut at the threshold, against the threshold itself (Robbins
/// 1970; Howard et al. 2021). Each exceeds log(x) with a chance of at most 1/x where it is wrong, however often one
/// looks (Ville); for unlike tasks that holds at the ends of rounds with one trial of each.
LogEvidence EvidenceAgainst(double threshold, std::int64_t successes, std::int64_t n);
/// log(2 / (1 - confidence)): what has to be reached so that both directions together err at most 1 - confidence.
double EvidenceNeeded(double confidence = 0.95);

}  // namespace xsweep::stats
