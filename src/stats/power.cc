// Power: what a planned design can see.
// SPDX-License-Identifier: Apache-2.0
#include "stats/power.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/design.h"

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

std::optional<double> PairedSight(const Design& design, bool increase) {
  const double room = increase ? 1 - design.baseline : design.baseline;
  if (!(room > 0)) return std::nullopt;
  if (design.trials_per_task == 1 || design.tasks == 1) {
    const auto pairs = static_cast<double>(design.tasks * design.trials_per_task);
    const auto seen = stats::DetectablePairedDifference(DiscordantShare(design), pairs);
    return seen && *seen <= room ? seen : std::nullopt;
  }
  // Rates of tasks with mean `room` and variance icc room (1 - room), of which the effect takes one share each.
  const double added = 2 * (room + design.icc * (1 - room)) - 1;
  const double uneven = design.icc * (1 - room) / room;
  const stats::PairedTasks pairs{design.tasks, design.trials_per_task, DiscordantShare(design), added, uneven};
  return stats::DetectableByTask(pairs, room);
}

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

/// The smallest number of tasks whose pairs show the difference.
std::optional<DesignCost> PairedPrice(Design design, double difference) {
  const double size = std::abs(difference);
  if (design.trials_per_task == 1) {
    const double discordant = std::min(1.0, std::max(DiscordantShare(design), size));
    const auto pairs = stats::RequiredPairs(discordant, difference);
    return pairs ? std::optional(CostOf(design, *pairs)) : std::nullopt;
  }
  const auto seen = [&](std::int64_t tasks) {
    design.tasks = tasks;
    const auto least = PairedSight(design, difference > 0);
    return least && *least <= size;
  };
  std::int64_t unseen = 1;
  std::int64_t enough = 2;
  for (; !seen(enough); enough *= 2) {
    if (enough > kMostTrials / design.trials_per_task) return std::nullopt;
    unseen = enough;
  }
  while (enough - unseen > 1) {
    const std::int64_t middle = unseen + (enough - unseen) / 2;
    (seen(middle) ? enough : unseen) = middle;
  }
  return CostOf(design, enough);
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
  sight.paired_increase = PairedSight(design, true);
  sight.paired_decrease = PairedSight(design, false);
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
  price.paired = PairedPrice(design, difference);
  return price;
}

}  // namespace xsweep
