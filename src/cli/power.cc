// xsweep power: what a planned design can see, before it is paid for.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/command.h"
#include "cli/shared_flags.h"
#include "plan/estimate.h"
#include "record/run_directory.h"
#include "sweep/experiment.h"
#include "sweep/power_words.h"

namespace xsweep {
namespace {

/// Grid cells that stand against a control: those with a defense where there are any.
std::int64_t ComparedCells(const Plan& plan) {
  std::int64_t grid = 0, defended = 0;
  for (const Cell& cell : plan.cells()) {
    if (cell.arm != Arm::kGrid || cell.attack.name == "none") continue;
    ++grid;
    defended += cell.defense.name != "none" ? 1 : 0;
  }
  return std::max<std::int64_t>(1, defended > 0 ? defended : grid - 1);
}

}  // namespace

Expected<int> PowerCommand(const Invocation& invocation) {
  std::string config, from;
  std::string outdir = "results";
  OverrideFlags overrides;
  std::optional<double> baseline, icc, difference, cost;
  Arguments arguments(
      "power", "Says what difference a config's design can see, by simulation, and what seeing a given one would cost.",
      "xsweep power configs/airline_escalating_v1/run.yaml --baseline 0.3 --difference 0.1");
  arguments.Positional("config", &config, "the config, a YAML file")
      .Option("--from", &from, "a run whose control gives baseline and likeness")
      .Option("--outdir", &outdir, "the results root of --from (default results)")
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
  BaseRate base;
  PowerQuestion question;
  if (!from.empty()) {
    TRY_ASSIGN(const auto run, FindRun(outdir, "", from));
    TRY_ASSIGN(base, BaseRateOf(run));
    question.assumed_from = run.filename().string() + ", " + base.cell;
  }
  question.world = {static_cast<std::int64_t>(opened.plan.tasks().size()),
                    static_cast<std::int64_t>(opened.plan.seeds().size()) * opened.plan.trials(),
                    baseline.value_or(base.rate), icc.value_or(base.icc), ComparedCells(opened.plan)};
  question.gates = opened.config.gates;
  question.cost_per_trial_usd = cost;
  question.difference = difference;
  const Estimate estimate = EstimatePlan(opened.plan, opened.config.mode);
  if (!cost && estimate.cost_usd && *estimate.cost_usd > 0) {
    question.cost_per_trial_usd = *estimate.cost_usd / static_cast<double>(opened.plan.size());
  }
  TRY_ASSIGN(const std::string text, PowerText(question));
  Print(text);
  return kExitDone;
}

}  // namespace xsweep
