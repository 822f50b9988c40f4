// What repeated trials of one task say: pass^k, flip rate, ICC(1).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/clusters.h"

namespace xsweep::stats {

/// C(c, k) / C(n, k): the chance that k of a task's n trials, drawn without replacement, all succeeded. n >= k >= 1.
double PassPower(Cluster task, int k);

/// Mean of that over the tasks that have k trials. Empty when none has.
std::optional<double> MeanPassPower(std::span<const Cluster> tasks, int k);

/// Chance that two trials of one task disagree, averaged over tasks with two trials or more. Empty when none has.
std::optional<double> FlipRate(std::span<const Cluster> tasks);

/// One-way intraclass correlation of 0/1 trials, by analysis of variance with unequal group sizes. May be negative.
/// Empty with fewer than two tasks, without a repeated trial, or when all trials are equal.
std::optional<double> IntraclassCorrelation(std::span<const Cluster> tasks);

}  // namespace xsweep::stats
