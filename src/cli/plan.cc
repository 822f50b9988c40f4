// xsweep plan: what a config would run and what it is expected to cost, before anything runs.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "sweep/open/experiment.h"
#include "sweep/open/plan_text.h"

namespace xsweep {

Expected<int> PlanCommand(const Invocation& invocation) {
  std::string path;
  OverrideFlags overrides;
  bool json = false;
  Arguments arguments("plan", "Shows cells, tasks, trials, control arms and expected cost of a config.",
                      "xsweep plan configs/airline_ablation_v1/run.yaml --set judge.threshold=300");
  arguments.Positional("CONFIG", &path, "the experiment's YAML file").Flag("--json", &json, "print JSON");
  DeclareOverrides(arguments, overrides);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const Overrides changes, overrides.ToOverrides());
  TRY_ASSIGN(const Experiment opened, OpenExperiment(path, changes));
  Print(json ? PlanAsJson(opened.config, opened.plan).DumpPretty() : PlanAsText(opened.config, opened.plan));
  return kExitDone;
}

}  // namespace xsweep
