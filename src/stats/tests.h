// Tests of "no difference": Fisher, McNemar, sign flips by task; and what many tests at once cost.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stats/clusters.h"
#include "stats/intervals.h"

namespace xsweep::stats {

/// Two-sided p of two independent samples: the sum over all tables no likelier than the one seen. 1 when an n is 0.
double FisherExact(Proportion a, Proportion b);

/// Two-sided exact p of paired binary outcomes with `b` and `c` discordant pairs each way. 1 when there are none.
double McNemarExact(std::int64_t b, std::int64_t c);

/// Two-sided p that the sum of `differences` is at least as far from 0 when the sign of each is a coin. Exact (by
/// convolution) while the sum of |differences|, in units of their common divisor, is at most 1e6 and their number times
/// that sum at most 1e8, otherwise 10,000 draws from `seed` with the observed one among them. 1 when all are 0.
double SignFlips(std::span<const std::int64_t> differences, std::uint64_t seed);
/// The same of the clusters' sums.
double SignFlipByCluster(std::span<const Cluster> differences, std::uint64_t seed);

/// Adjusted p values in the order of `p`, for the chance of any false alarm (Holm 1979).
std::vector<double> HolmAdjust(std::span<const double> p);
/// The same for the expected share of false alarms among alarms (Benjamini and Hochberg 1995).
std::vector<double> BenjaminiHochbergAdjust(std::span<const double> p);

}  // namespace xsweep::stats
