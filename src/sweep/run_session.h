// RunSession: what a running shard holds, opened and closed in the right order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/system/claim.h"
#include "record/run_directory.h"
#include "sweep/open/experiment.h"

namespace xsweep {

struct WorkOrder;

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

/// Says that this process runs the dialogues [begin, end) of the plan, in any case all of them where `end` is the
/// number of its trials. Fails with kUser when another one of this machine does.
Expected<Claim> ClaimTrials(const RunDirectory& run, std::uint64_t begin, std::uint64_t end);

/// The trials of one shard that are not recorded yet, with the rows, transcripts, budget and models of this process.
/// Writes nothing but files of its own under shards/. Experiment and run outlive it.
class RunSession {
 public:
  /// Takes the shard's range and finds what is missing of it. The shard is marked as not done while anything is.
  static Expected<std::unique_ptr<RunSession>> Open(const Experiment& experiment, const RunDirectory& run,
                                                    const ExecuteOptions& options);
  ~RunSession();
  /// Nothing has to be run; then nothing was opened either.
  bool nothing_open() const { return open_ == 0; }
  /// Runs them. Fails with kInterrupted when a person stopped it: what is done is kept.
  Status Run(const std::atomic<bool>& stop);
  /// Puts what was done on disk, also after a failure, and marks the shard as done when nothing is missing any more.
  Status Close();

 private:
  RunSession(const Experiment& experiment, const RunDirectory& run, const ExecuteOptions& options);
  Status OpenLogs();
  Status OpenModels();
  Status MarkShard(bool done) const;
  Status RunPlaces(const WorkOrder& order);
  Status RunRounds(const WorkOrder& order);
  struct Logs;

  const Experiment& experiment_;
  const RunDirectory& run_;
  const ExecuteOptions options_;
  std::uint64_t begin_ = 0;  ///< dialogues
  std::uint64_t end_ = 0;
  std::uint64_t open_ = 0;  ///< trials
  bool done_ = false;
  std::optional<Claim> claim_;
  std::unique_ptr<Logs> logs_;
};

/// Opens a session, runs it, closes it: everything is on disk when this returns, whatever it returns.
Status RunMissing(const Experiment& experiment, const RunDirectory& run, const ExecuteOptions& options,
                  const std::atomic<bool>& stop);

}  // namespace xsweep
