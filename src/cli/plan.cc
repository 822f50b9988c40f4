// xsweep plan: what a config would run and what it is expected to cost, before anything runs.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/plan_text.h"
#include "config/load.h"
#include "config/resolved.h"
#include "parts/catalog.h"

namespace xsweep {

Expected<int> PlanCommand(const Invocation& invocation) {
  std::string path;
  Overrides overrides;
  bool json = false;
  Arguments arguments("plan", "Shows cells, tasks, trials, control arms and expected cost of a config.",
                      "xsweep plan configs/airline_ablation_v1/run.yaml --set judge.threshold=300");
  arguments.Positional("CONFIG", &path, "the experiment's YAML file")
      .Option("--exp", &overrides.exp, "name of the experiment")
      .Option("--seeds", &overrides.seeds, "seeds, as 41,42 or 1..64")
      .Option("--trials", &overrides.trials, "repetitions per cell, task and seed")
      .Option("--mode", &overrides.mode, "SHIM or REAL")
      .Repeated("--set", &overrides.sets, "PATH=VALUE: replaces one value of the config")
      .Flag("--json", &json, "prints JSON");
  TRY_ASSIGN(const auto help, arguments.Parse(invocation.words));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  const Catalog catalog = BuildCatalog();
  TRY_ASSIGN(const SweepConfig config, LoadConfigFile(path, catalog.Specs(), overrides));
  TRY_ASSIGN(const auto environment, catalog.OpenEnvironment(config.environment.name, config.environment.options));
  std::vector<std::string> tasks;
  for (const Task& task : environment->tasks()) tasks.push_back(task.id);
  TRY_ASSIGN(const Plan plan, MakePlan(config, tasks));
  Print(json ? PlanAsJson(config, plan).DumpPretty() + "\n" : PlanAsText(config, plan));
  return kExitDone;
}

}  // namespace xsweep
