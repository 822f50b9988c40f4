// Resume: going on with a run, from its directory alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>

#include "record/manifest.h"
#include "record/run_directory.h"
#include "sweep/finish.h"
#include "sweep/open/experiment.h"
#include "sweep/run_session.h"

namespace xsweep {

struct OpenedRun {
  Experiment experiment;
  RunDirectory run;
  Manifest manifest;
};

/// Opens the experiment that lies in a run directory (config.yaml), wherever that has moved. When this program, that
/// config or the environment's data are not those that the run was started with, fails with kUser and says what
/// changed; with `force` it takes over what changed. Another set of cells, tasks, seeds or trials is refused always.
Expected<OpenedRun> OpenRun(const std::filesystem::path& path, bool force);

/// The same for a config that was given again: it must be the one of the run. `force` puts it into the run directory.
Expected<OpenedRun> OpenRunAs(Experiment experiment, const std::filesystem::path& path, bool force);

/// Runs what is missing of one shard. Writes neither run.json nor anything else that another process may write.
Expected<int> GoOnAsShard(const OpenedRun& opened, const ExecuteOptions& options, const std::atomic<bool>& stop);

/// Runs what is missing and finishes the run; of a finished one only what a kill has left undone. With a shard of
/// several it is GoOnAsShard. Returns the exit code.
Expected<int> GoOn(OpenedRun& opened, const ExecuteOptions& options, const std::atomic<bool>& stop);

}  // namespace xsweep
