// Experiment: a config opened for use, with its parts, its environment and its plan. Where most commands start.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/sweep_config.h"
#include "episode/catalog.h"
#include "plan/plan.h"
#include "record/manifest.h"

namespace xsweep {

/// The flags that change a config: --exp, --seeds, --trials, --mode, --set, --prices.
struct OverrideFlags {
  std::optional<std::string> exp, seeds, trials, mode, prices;
  std::vector<std::string> set;

  /// Fails with kUser when the file of --prices cannot be read or holds no prices.
  Expected<Overrides> ToOverrides() const;
};

struct Experiment {
  SweepConfig config;
  Catalog catalog;
  std::shared_ptr<const EnvironmentSource> environment;
  Plan plan;
  std::string note{};  ///< what a person should know before it runs; may be empty
};

/// Reads and checks a config, opens its environment, makes its plan. Everything that can be wrong with a config is
/// found here, before anything is written. Gates of `gates_file`, or else of a gates.yaml beside the config, are added
/// to the config's own.
Expected<Experiment> OpenExperiment(const std::string& config_file, const Overrides& overrides,
                                    const std::string& gates_file = {});
/// The same from text (the config.yaml of a run directory); `name` stands in messages.
Expected<Experiment> OpenExperimentText(const std::string& text, const std::string& name, const Overrides& overrides,
                                        const std::vector<std::string>& more_gates = {});

/// The share of the planned tasks that an agent solves by doing and saying nothing; -1 when that is not known.
double DoNothingFloor(const Experiment& experiment);

/// run.json as it stands before the first trial: everything but the name of the run.
Manifest DescribeRun(const Experiment& experiment, const std::vector<std::string>& argv);

}  // namespace xsweep
