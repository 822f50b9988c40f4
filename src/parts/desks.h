// DeskSource: a native desk as an environment: world, tools, tasks, rules and a simulated user in one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "episode/catalog.h"
#include "parts/environments/world/desk_files.h"
#include "parts/environments/world/desk_rules.h"
#include "parts/environments/world/tools.h"

namespace xsweep {

/// `name` is how configs call it. `split` chooses tasks; empty: all of them. The tasks of `tasks_file`, if
/// not empty, come before the data's own. Reference end states are computed
/// here, once, and shared by all trials.
Expected<std::shared_ptr<const EnvironmentSource>> MakeDeskSource(std::string name, const Desk& desk,
                                                                  const DeskRules& rules, DeskFiles files,
                                                                  const std::string& split,
                                                                  const std::string& tasks_file = {});

/// The desk that a config or command names, e.g. "airline" or "tau2/retail"; nullptr when it is none of ours.
const Desk* FindDesk(std::string_view name);
/// The names that FindDesk knows, the bundled desk first.
std::vector<std::string> DeskNames();
/// The files of the desk of that name: the bundled ones, or those of the benchmark under `data`. Fails with kUser.
Expected<DeskFiles> ReadDesk(std::string_view name, const std::string& data);

/// Opens a desk with its options (data, split), as a config does.
Expected<std::shared_ptr<const EnvironmentSource>> OpenDesk(std::string_view name, const Json& options);

/// Rows of the catalog for all desks.
std::vector<EnvironmentEntry> DeskEntries();

}  // namespace xsweep
