// Flags that several commands share.
// SPDX-License-Identifier: Apache-2.0
#include "cli/shared_flags.h"

namespace xsweep {

void DeclareOverrides(Arguments& arguments, OverrideFlags& flags) {
  arguments.Option("--exp", &flags.exp, "name of the experiment, in place of the config's")
      .Option("--seeds", &flags.seeds, "seeds, e.g. 41,42 or 1..64")
      .Option("--trials", &flags.trials, "trials per task and seed")
      .Option("--mode", &flags.mode, "SHIM or REAL")
      .Repeated("--set", &flags.set, "any value by its path, e.g. judge.threshold=300; may be repeated")
      .Option("--prices", &flags.prices, "a YAML file with prices by model name, for models that state none");
}

void DeclareEnvironment(Arguments& arguments, EnvironmentFlags& flags) {
  arguments
      .Option("--data", &flags.data, "the environment's data: a copy of the benchmark, or the desk's own directory")
      .Repeated("--option", &flags.options, "another option of the environment, KEY=VALUE; may be repeated");
}

}  // namespace xsweep
