// ImportResults: recorded results of other harnesses as a run directory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "sweep/open_environment.h"

namespace xsweep {

struct ImportRequest {
  std::string file;
  std::string outdir = "results";
  std::string exp;  ///< empty: "imported_" and the file's name
  EnvironmentFlags environment;
  std::vector<std::string> argv;
};

/// Reads the file, plays every recorded call again on the environment (for its effects, and to say how far both agree),
/// writes the run and finishes it as `run` does. task_success is the recorded reward; a trial that the file lacks is
/// `skipped`. Fails with kUser before anything is written when the file and the environment do not fit.
Expected<int> ImportResults(const ImportRequest& request);

}  // namespace xsweep
