// RunDirectory: one run on disk, results/<exp>/<run_id>/, and the `latest` pointer beside it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "record/logs/layout.h"
#include "record/logs/ledger.h"
#include "record/logs/trial_log.h"
#include "record/manifest.h"
#include "record/recorded_trials.h"

namespace xsweep {

class RunDirectory {
 public:
  /// Makes results/<exp>/<run_id>; when that name is taken, <run_id>.2, .3 and so on, so that two runs never share a
  /// directory. With `exact` a taken name is a kUser error instead.
  static Expected<RunDirectory> Create(Disk& disk, const std::filesystem::path& results, const std::string& exp,
                                       const std::string& run_id, bool exact = false);
  /// The same with config.yaml and run.json in it from its first moment on, so that whatever carries a run's name can
  /// be resumed, also when several processes start the run at once: one makes it, the others get nothing back (with
  /// `exact`) and open what is there. Sets `manifest.run_id`.
  static Expected<std::optional<RunDirectory>> Start(Disk& disk, const std::filesystem::path& results,
                                                     const std::string& run_id, bool exact,
                                                     std::string_view config_yaml, Manifest& manifest);
  /// Opens a directory that holds a run.json.
  static Expected<RunDirectory> Open(Disk& disk, const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::string run_id() const { return path_.filename().string(); }
  std::filesystem::path shards() const { return path_ / layout::kShards; }
  std::filesystem::path File(std::string_view name) const { return path_ / name; }
  /// The sealed rows are there.
  bool sealed() const;
  Disk& disk() const { return *disk_; }
  /// The logs of what models answered, sealed or not.
  std::vector<std::filesystem::path> exchanges() const;

  Status Write(std::string_view name, std::string_view bytes) const;
  Status WriteManifest(const Manifest& manifest) const;
  Expected<Manifest> ReadManifest() const;

  /// Puts all recorded rows in plan order into trials.jsonl, transcripts into transcripts.jsonl.zst, then removes
  /// shards/. Fails with kInternal when a planned trial is missing. Doing it again after a kill at any point is safe.
  Status Seal(std::uint64_t planned) const;
  Status Seal(const RecordedTrials& rows) const;

  /// Opens a sealed run for more trials: its rows become a shard log by one rename, so that at every moment they are
  /// either sealed or in a log. `spent` is carried over into the ledgers.
  Status Unseal(const LedgerLine& spent) const;

  /// Makes `latest` beside it point here: a symlink replaced in one step or, where the file system has none, a copy.
  /// Does nothing where LatestIsForeign.
  Status PointLatest() const;
  /// Whether a directory stands under the name `latest` that this program did not make: then it is left alone.
  bool LatestIsForeign() const;
  /// The same unless it points to a run that started later.
  Status PointLatestUnlessNewer(const Manifest& manifest) const;

 private:
  RunDirectory(Disk& disk, std::filesystem::path path) : disk_(&disk), path_(std::move(path)) {}
  Expected<std::optional<RunDirectory>> MoveIntoPlace(const std::string& run_id, bool exact,
                                                      std::string_view config_yaml, Manifest& manifest) const;
  Status KeepExchanges() const;
  Status CopyToLatest() const;
  /// Removes the logs of a sealed run.
  Status RemoveShards() const;
  /// Held for the moment in which the rows change sides between logs and trials.jsonl.
  Expected<FileLock> LockSealing() const;
  Disk* disk_;
  std::filesystem::path path_;
};

/// Finds a run: a directory, a run id, "latest" or <exp>/latest or an experiment's name (its latest). `exp` narrows
/// the search; empty: any. Fails with kUser and names what there is.
Expected<std::filesystem::path> FindRun(const std::filesystem::path& results, const std::string& exp,
                                        const std::string& run);

/// Every directory under results/<exp>/ with a run.json, `latest` left out, in order of path.
std::vector<std::filesystem::path> AllRuns(const std::filesystem::path& results);

}  // namespace xsweep
