// CheckExperiment: what a config says that only its environment, its parts and the gates can find wrong.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "config/load.h"
#include "episode/catalog.h"
#include "plan/plan.h"

namespace xsweep {

/// The text that a config was loaded from, so that faults found later still have their place.
struct ConfigSource {
  std::string_view text;
  std::string_view name;
  const Overrides& overrides;
};

/// What ReadDeclared found wrong, each fault at its place in the file.
Error MarkDeclared(const ConfigSource& source, const std::vector<Error>& found);

/// Unknown tasks, gates that cannot be read, goals that the environment does not have, and parts that refuse their
/// options (a pattern that is none, a rule that makes no sense): all in one go, each with file:line:column (kUser).
Status CheckExperiment(const ConfigSource& source, const SweepConfig& config, const std::vector<Cell>& cells,
                       const Catalog& catalog, const EnvironmentSource& environment);

}  // namespace xsweep
