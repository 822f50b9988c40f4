// Power: what a planned design can see.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/power.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyze/design.h"

namespace xsweep {
namespace {

constexpr std::int64_t kMostTrials = 1'000'000'000'000;

Status Check(const Design& design) {
  const auto share = [](double value) { return value >= 0 && value <= 1; };
  if (!share(design.baseline)) return UserError(fmt::format("must lie in [0, 1], not {}", design.baseline), "baseline");
  if (!share(design.icc)) return UserError(fmt::format("must lie in [0, 1], not {}", design.icc), "icc");
  if (design.tasks < 1 || design.tasks > kMostTrials) return UserError("must be at least 1", "tasks");
  if (design.trials_per_task < 1 || design.trials_per_task > kMostTrials / design.tasks) {
    return UserError("must be at least 1, and 1e12 trials at most in all", "trials");
  }
  if (design.cost_per_trial_usd && !(*design.cost_per_trial_usd >= 0)) {
    return UserError("must not be negative", "cost per trial");
  }
  return {};
}

double DiscordantShare(const Design& design) { return 2 * design.baseline * (1 - design.baseline) * (1 - design.icc); }

DesignCost CostOf(const Design& design, std::int64_t tasks) {
  DesignCost cost{tasks, 2 * tasks * design.trials_per_task, std::nullopt};
  if (design.cost_per_trial_usd) cost.usd = *design.cost_per_trial_usd * static_cast<double>(cost.trials);
  return cost;
}

/// Tasks that hold `trials` trials of one arm.
std::optional<DesignCost> CostOfTrials(const Design& design, double trials) {
  if (!(trials <= static_cast<double>(kMostTrials))) return std::nullopt;
  const double tasks = std::ceil(trials / static_cast<double>(design.trials_per_task) - 1e-9);
  return CostOf(design, std::max<std::int64_t>(1, static_cast<std::int64_t>(tasks)));
}

}  // namespace

Expected<Sight> WhatDesignSees(const Design& design) {
  TRY(Check(design));
  Sight sight;
  const auto per_task = static_cast<double>(design.trials_per_task);
  const double n = static_cast<double>(design.tasks) * per_task;
  sight.design_effect = stats::DesignEffect(per_task, design.icc);
  sight.effective_n = n / sight.design_effect;
  sight.expected95 = stats::WilsonScore(design.baseline, sight.effective_n, stats::NormalQuantile(0.95));
  sight.increase = stats::DetectableIncrease(design.baseline, sight.effective_n);
  sight.decrease = stats::DetectableDecrease(design.baseline, sight.effective_n);
  sight.paired = stats::DetectablePairedDifference(DiscordantShare(design), n);
  sight.cost = CostOf(design, design.tasks);
  return sight;
}

Expected<PriceOfSeeing> WhatSeeingCosts(const Design& design, double difference) {
  TRY(Check(design));
  if (difference == 0 || !(std::abs(difference) <= 1)) {
    return UserError(fmt::format("must lie in [-1, 1] and not be 0, not {}", difference), "difference");
  }
  PriceOfSeeing price;
  const auto per_arm = stats::RequiredPerArm(design.baseline, design.baseline + difference);
  if (!per_arm) return price;
  const double effect = stats::DesignEffect(static_cast<double>(design.trials_per_task), design.icc);
  price.unpaired = CostOfTrials(design, static_cast<double>(*per_arm) * effect);
  const double discordant = std::min(1.0, std::max(DiscordantShare(design), std::abs(difference)));
  const auto pairs = stats::RequiredPairs(discordant, difference);
  if (pairs) price.paired = CostOfTrials(design, static_cast<double>(*pairs));
  return price;
}

}  // namespace xsweep
