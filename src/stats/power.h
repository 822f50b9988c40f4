// Power: what difference a planned design can see, and what seeing a given one would cost.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "stats/intervals.h"

namespace xsweep {

/// A planned comparison of two arms (cells) over the same tasks.
struct Design {
  double baseline = 0.3;  ///< expected rate in the control, in [0, 1]
  std::int64_t tasks = 1;
  std::int64_t trials_per_task = 1;  ///< seeds x trials
  double icc = 0.5;                  ///< how alike trials of one task are, in [0, 1]; 0.5 where nothing is known
  std::optional<double> cost_per_trial_usd = std::nullopt;
};

/// What one size of design costs.
struct DesignCost {
  std::int64_t tasks = 0;
  std::int64_t trials = 0;  ///< both arms together
  std::optional<double> usd;
};

/// All at 80 % power and a two-sided level of 5 %; empty: not even the largest possible difference can be seen.
struct Sight {
  double design_effect = 1;
  double effective_n = 0;                                  ///< independent trials that one arm is worth
  stats::Interval expected95;                              ///< interval of one arm at the baseline
  std::optional<double> increase, decrease;                ///< in another sample of tasks, unpaired
  std::optional<double> paired_increase, paired_decrease;  ///< with the same tasks and draws in both arms
  DesignCost cost;
};

/// Paired arms share tasks, so a task's own difficulty cancels: a share 2 p (1 - p) (1 - icc) of the pairs is taken to
/// disagree by chance, fewer where arms share draws too. An effect is taken to be as large on a task as that leaves
/// room for it, so the less alike tasks are, the less even it is; xsweep compare tests by task, and so does this. With
/// one trial per task, or one task, pairs are taken as independent. Fails with kUser for impossible inputs, naming the
/// one.
Expected<Sight> WhatDesignSees(const Design& design);

struct PriceOfSeeing {
  std::optional<DesignCost> unpaired;  ///< empty: the difference cannot be, from this baseline
  std::optional<DesignCost> paired;
};

/// How many tasks, at `design.trials_per_task` each, show a `difference` (signed, not 0) from the baseline.
Expected<PriceOfSeeing> WhatSeeingCosts(const Design& design, double difference);

}  // namespace xsweep
