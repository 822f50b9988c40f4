// Execute: what `run`, `worker` and `merge` share: running what is missing of a run, then finishing it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "analyze/difference.h"
#include "base/claim.h"
#include "record/manifest.h"
#include "record/run_directory.h"
#include "sweep/experiment.h"

namespace xsweep {

struct Shard {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
};
/// "3/16" with 0 <= 3 < 16.
Expected<Shard> ParseShard(const std::string& text);

struct ExecuteOptions {
  int jobs = 0;  ///< threads in SHIM, conversations in REAL; 0: as the machine or habit suggests
  Shard shard;
  bool retry_errors = false;
  bool quiet = false;
  std::filesystem::path replay;  ///< a run whose exchanges answer in place of models
};

/// Says that this process runs [begin, end) of the plan. Fails with kUser when another one of this machine does.
Expected<Claim> ClaimTrials(const RunDirectory& run, std::uint64_t begin, std::uint64_t end);

/// Runs the shard's trials that are not recorded yet; writes nothing but files of its own under shards/. Fails with
/// kInterrupted when a person stopped it.
Status RunMissing(const Experiment& experiment, const RunDirectory& run, const ExecuteOptions& options,
                  const std::atomic<bool>& stop);

/// Writes run.json with this status and what the ledgers say was spent so far.
Status WriteStatus(const RunDirectory& run, Manifest& manifest, std::string_view status);

/// Seals a run whose every trial is recorded, writes everything that is made from its rows, publishes it. Each step may
/// be repeated after a kill. `rows` saves reading the logs again. Returns the exit code that its verdict asks for.
Expected<int> FinishRun(const RunDirectory& run, Manifest manifest, const RecordedTrials* rows = nullptr);

/// Points `latest` at a finished run and adds it to the index. Doing it again changes nothing.
Status PublishRun(const RunDirectory& run, const Manifest& manifest);

/// INVALID beats everything; a run that a budget stopped says so unless a gate was clear about it.
int ExitCodeOf(const Manifest& manifest);

/// Rebuilds summary, plots and notes of a sealed run and prints the headline. Returns the exit code of its verdict.
/// `later_gates` are those of the manifest that were stated only now.
Expected<int> PresentRun(const RunDirectory& run, Manifest& manifest, Adjustment adjustment,
                         const std::vector<std::string>& later_gates = {});

}  // namespace xsweep
