// xsweep selfcheck: proves that an environment's tasks, goals and controls work, before anybody trusts a number.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "checks/selfcheck.h"
#include "cli/command.h"
#include "config/yaml_scalar.h"
#include "sweep/open/open_environment.h"

namespace xsweep {
namespace {

/// A config that says no more than which environment.
std::string ConfigText(const EnvironmentFlags& flags, const Json& options) {
  Json environment = Json::MakeObject({{"name", flags.name}});
  for (const auto& [key, value] : options.members()) environment.Set(key, value);
  return fmt::format(
      "exp: selfcheck\nseeds: [1]\nenvironment: {}\nagent: {{ name: do_nothing }}\njudge: {{ name: goal_reached }}\n",
      FlowYaml(environment));
}

}  // namespace

Expected<int> SelfcheckCommand(const Invocation& invocation) {
  std::string config;
  std::string attack;
  EnvironmentFlags flags;
  flags.name = "airline";
  Arguments arguments("selfcheck",
                      "Replays every task's reference actions, reaches every attack goal and checks the controls.",
                      "xsweep selfcheck examples/bank/bank.yaml");
  arguments.Positional("CONFIG", &config, "a config: its environment with what it declares", false)
      .Option("--environment", &flags.name, "which environment, without a config (default airline)")
      .Option("--data", &flags.data, "its data, where it needs some")
      .Repeated("--option", &flags.options, "KEY=VALUE, another option of the environment; may be repeated")
      .Option("--attack", &attack, "an attack of the benchmark's own, whose texts are planted");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const Json options, flags.Options());
  TRY_ASSIGN(const Experiment opened, config.empty() ? OpenExperimentText(ConfigText(flags, options), "selfcheck", {})
                                                     : OpenExperiment(config, {}));
  const EnvironmentInfo& info = opened.environment->info();
  Print(fmt::format("{}: {}, {} tasks, {} tools, {} goals, {} vectors\n", info.name, info.version,
                    opened.plan.tasks().size(), opened.environment->tools().size(), opened.environment->goals().size(),
                    opened.environment->vectors().size()));
  TRY_ASSIGN(const bool sound,
             Selfcheck(opened, attack, [](std::string_view line) { Print(std::string(line) + "\n"); }));
  return sound ? kExitDone : kExitFail;
}

}  // namespace xsweep
