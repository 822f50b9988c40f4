// Attach: watching a run that Slurm works on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "engine/slurm.h"
#include "record/run_directory.h"

namespace xsweep {

/// Gives every shard of a run to Slurm and says so.
Status StartOnSlurm(const RunDirectory& run, SlurmOptions options);

/// Shows progress until the run is finished. When Slurm has nothing left and trials are missing (a node died, a time
/// limit struck), submits their shards again, as long as each submission brings new rows. When `stop` is set it leaves
/// and the jobs go on. Returns the run's exit code.
Expected<int> WatchSlurm(const RunDirectory& run, const std::atomic<bool>& stop);

/// Ends the jobs of a run; finished trials are kept.
Expected<int> CancelSlurm(const RunDirectory& run, const std::atomic<bool>& stop);

}  // namespace xsweep
