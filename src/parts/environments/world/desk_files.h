// DeskFiles: what a desk is read from, found in the user's copy of a benchmark or carried by the binary.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "parts/environments/world/tools.h"
#include "parts/environments/world/world.h"

namespace xsweep {

struct DeskFiles {
  std::shared_ptr<const World> world;
  std::string tasks;        ///< tasks.json (tau2) or tasks_test.json (v1)
  std::string splits;       ///< split_tasks.json; empty where there is none
  std::string policy;       ///< policy.md or wiki.md
  std::string tools;        ///< tools.json
  std::string guidelines;   ///< what the benchmark tells its simulated user; empty where there is none
  std::string data_sha256;  ///< over "name sha256" lines of all files read, in order of name
  std::string version;      ///< name of a known version, otherwise "unknown version"
};

/// `name` is tau2/airline, tau2/retail, tau1/airline or tau1/retail. `data` is the desk's own directory or one above
/// it (the benchmark's checkout, its data directory, ...). A directory that is missing or holds something else is a
/// kUser error that says where to get the benchmark and how to point at it.
Expected<DeskFiles> ReadBenchmarkDesk(std::string_view name, const Desk& desk, const std::string& data);

/// The bundled desk, from data/airline/.
Expected<DeskFiles> ReadBundledDesk(const Desk& desk);

}  // namespace xsweep
