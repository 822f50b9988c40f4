// CheckExperiment: what a config says that only its environment, its parts and the gates can find wrong.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config/load.h"
#include "episode/catalog.h"
#include "plan/plan.h"

namespace xsweep {

/// What ReadDeclared found wrong, each fault at its place in the file.
Error MarkDeclared(LoadedConfig& loaded, const std::vector<Error>& found);

/// Keys that were pasted into the options of the environment, before it is opened.
Status CheckEnvironment(LoadedConfig& loaded);

/// Unknown tasks, goals that the environment does not have, and parts that refuse their
/// options (a pattern that is none, a rule that makes no sense, a key where none may stand): all in one go, each with
/// file:line:column (kUser).
Status CheckExperiment(LoadedConfig& loaded, const std::vector<Cell>& cells, const Catalog& catalog,
                       const EnvironmentSource& environment);

}  // namespace xsweep
