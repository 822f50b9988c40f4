// MlflowExport: a run in an MLflow tracking server, over its REST interface.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/system/secret.h"
#include "foreign/writers/exported.h"

namespace xsweep {

struct MlflowServer {
  std::string url;  ///< http(s)://host:port
  Secret token;     ///< sent as a bearer token where it is not empty
};

/// Makes (or finds) the experiment `exp`, a run for the sweep with the report as its description, a nested run for
/// every cell with its rates and axes, and puts `artifacts` beside the sweep's run. Returns the page of the run. Fails
/// with kWorld, naming the call, when the server refuses one.
Expected<std::string> SendToMlflow(const MlflowServer& server, const ExportedRun& run,
                                   const std::vector<std::filesystem::path>& artifacts);

}  // namespace xsweep
