// xsweep power: what a planned design can see, before it is paid for.
// SPDX-License-Identifier: Apache-2.0
#include "stats/power.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/shared_flags.h"
#include "plan/estimate.h"
#include "sweep/experiment.h"

namespace xsweep {
namespace {

std::string Points(const std::optional<double>& difference) {
  return difference ? fmt::format("{:.1f} points", 100 * *difference) : std::string("none, however large");
}

std::string CostText(const DesignCost& cost) {
  return fmt::format("{} tasks, {} trials{}", cost.tasks, cost.trials,
                     cost.usd ? fmt::format(", about {:.2f} USD", *cost.usd) : "");
}

std::string CostText(const std::optional<DesignCost>& cost) {
  return cost ? CostText(*cost) : "not possible from this baseline";
}

void PrintSight(const Design& design, const Sight& sight) {
  Print(fmt::format("design          {} tasks x {} trials in each arm ({})\n", design.tasks, design.trials_per_task,
                    CostText(sight.cost)));
  Print(fmt::format("assumed         baseline {:.1f} %, likeness of one task's trials (ICC) {:.2f}\n",
                    100 * design.baseline, design.icc));
  Print(fmt::format("worth           {:.0f} independent trials an arm (design effect {:.2f})\n", sight.effective_n,
                    sight.design_effect));
  Print(fmt::format("one arm         95 % interval about {:.1f} - {:.1f} % at the baseline\n",
                    100 * sight.expected95.low, 100 * sight.expected95.high));
  Print("can be seen     at 80 % power, two-sided 5 %:\n");
  Print(fmt::format("  paired up     {}\n", Points(sight.paired_increase)));
  Print(fmt::format("  paired down   {}\n", Points(sight.paired_decrease)));
  Print(fmt::format("  unpaired up   {}\n", Points(sight.increase)));
  Print(fmt::format("  unpaired down {}\n", Points(sight.decrease)));
}

}  // namespace

Expected<int> PowerCommand(const Invocation& invocation) {
  std::string config;
  OverrideFlags overrides;
  std::optional<double> baseline, icc, difference, cost;
  Arguments arguments("power",
                      "Says what difference a config's design can see, and what seeing a given one would cost.",
                      "xsweep power configs/airline_escalating_v1/run.yaml --baseline 0.3 --difference 0.1");
  arguments.Positional("config", &config, "the config, a YAML file")
      .Option("--baseline", &baseline, "expected attack success rate without the defense (default 0.3)")
      .Option("--icc", &icc, "how alike trials of one task are, 0 to 1 (default 0.5)")
      .Option("--difference", &difference, "a difference to price, e.g. 0.1 or -0.1")
      .Option("--cost-per-trial", &cost, "USD of one trial; without it the config's estimate");
  DeclareOverrides(arguments, overrides);
  TRY_ASSIGN(const auto help, arguments.Parse(invocation.words));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  TRY_ASSIGN(const Overrides changes, overrides.ToOverrides());
  TRY_ASSIGN(const Experiment opened, OpenExperiment(config, changes));
  Design design;
  design.baseline = baseline.value_or(0.3);
  design.icc = icc.value_or(0.5);
  design.tasks = static_cast<std::int64_t>(opened.plan.tasks().size());
  design.trials_per_task = static_cast<std::int64_t>(opened.plan.seeds().size()) * opened.plan.trials();
  const Estimate estimate = EstimatePlan(opened.plan, opened.config.mode);
  design.cost_per_trial_usd = cost;
  if (!cost && estimate.cost_usd && *estimate.cost_usd > 0) {
    design.cost_per_trial_usd = *estimate.cost_usd / static_cast<double>(opened.plan.size());
  }
  TRY_ASSIGN(const Sight sight, WhatDesignSees(design));
  PrintSight(design, sight);
  if (difference) {
    TRY_ASSIGN(const PriceOfSeeing price, WhatSeeingCosts(design, *difference));
    Print(fmt::format("to see {:+.1f} points with {} trials a task, both arms together:\n", 100 * *difference,
                      design.trials_per_task));
    Print(fmt::format("  paired        {}\n  unpaired      {}\n", CostText(price.paired), CostText(price.unpaired)));
  }
  return kExitDone;
}

}  // namespace xsweep
