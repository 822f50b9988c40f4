// xsweep power: what a planned design can see, before it is paid for.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "record/run_directory.h"
#include "sweep/open/experiment.h"
#include "sweep/open/power_words.h"

namespace xsweep {
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
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const Overrides changes, overrides.ToOverrides());
  TRY_ASSIGN(const Experiment opened, OpenExperiment(config, changes));
  PowerQuestion question;
  BaseRate base;
  if (!from.empty()) {
    TRY_ASSIGN(const auto run, FindRun(outdir, "", from));
    TRY_ASSIGN(base, BaseRateOf(run));
    question.assumed_from = run.filename().string() + ", " + base.cell;
  }
  base.rate = baseline.value_or(base.rate);
  base.icc = icc.value_or(base.icc);
  question.difference = difference;
  question.cost_per_trial_usd = cost;
  DescribeDesign(opened.config, opened.plan, base, question);
  TRY_ASSIGN(const std::string text, PowerText(question));
  Print(text);
  return kExitDone;
}

}  // namespace xsweep
