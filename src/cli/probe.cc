// xsweep probe: one tiny call to every model that a config names, before a sweep is paid for.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "checks/probe.h"
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "sweep/open/experiment.h"

namespace xsweep {

Expected<int> ProbeCommand(const Invocation& invocation) {
  std::string config;
  bool json = false;
  OverrideFlags overrides;
  Arguments arguments("probe",
                      "Makes one tiny call for every model that a config names: reachable, known, tools, price.",
                      "xsweep probe configs/real_airline_v1/run.yaml");
  arguments.Positional("config", &config, "the config, a YAML file").Flag("--json", &json, "print JSON");
  DeclareOverrides(arguments, overrides);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const Overrides changes, overrides.ToOverrides());
  TRY_ASSIGN(const Experiment experiment, OpenExperiment(config, changes));
  std::vector<ModelProbe> probes = ModelsToProbe(experiment.plan);
  if (probes.empty()) return UserError("names no models, so there is nothing to probe", config);
  TRY(ProbeModels(probes));
  Print(json ? ProbesAsJson(probes).Dump() + "\n" : ProbeTable(probes));
  for (const ModelProbe& probe : probes) {
    if (!probe.good()) PrintNote(fmt::format("xsweep: models.{}: {}", probe.role, probe.problem));
    if (!probe.advice.empty()) PrintNote(fmt::format("note: models.{}: {}", probe.role, probe.advice));
  }
  return std::ranges::all_of(probes, &ModelProbe::good) ? kExitDone : kExitInvalid;
}

}  // namespace xsweep
