// Execute: what `run`, `worker` and `merge` share: running what is missing of a run, then finishing it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "cli/experiment.h"
#include "record/manifest.h"
#include "record/run_directory.h"

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

/// Runs the shard's trials that are not recorded yet. Leaves run.json's status as it is when everything was recorded;
/// otherwise sets it to interrupted or failed. Fails with kInterrupted when a person stopped it.
Status RunMissing(const Experiment& experiment, const RunDirectory& run, Manifest& manifest,
                  const ExecuteOptions& options, const std::atomic<bool>& stop);

/// Seals a run whose every trial is recorded, writes everything that is made from its rows, points `latest` at it and
/// adds it to the index. Returns the exit code that its verdict asks for.
Expected<int> FinishRun(const RunDirectory& run, Manifest manifest);

/// Rebuilds summary, plots and notes of a sealed run and prints the headline. Returns the exit code of its verdict.
Expected<int> PresentRun(const RunDirectory& run, Manifest& manifest);

}  // namespace xsweep
