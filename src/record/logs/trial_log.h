// TrialLog: the append-only rows of a run that is going on.
//
// Format: shards/<i>.jsonl, one trial row a line (log_row.h), in the order in which trials finished. Only one process
// ever appends to one log; one that goes on with shard i opens <i>.2.jsonl. A kill can tear the last line only; whoever
// opens or reads the log drops an unfinished line. A line that is damaged (a page of zeros after a loss of power, a
// flipped bit) counts as absent, and so does a row whose transcript is lost: those trials run again. A row is kept once
// it is in the file; the log is synced at least every second and before any exit. Rejected: a database (no shared file
// system keeps its locks), and one file a trial (10 million inodes).
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/files.h"
#include "record/logs/log_row.h"
#include "record/logs/trial.h"

namespace xsweep {

/// The writing side of one shard's log. Thread-safe.
class TrialLog {
 public:
  /// Creates a log that nobody else has: `<shard>.jsonl`, or `<shard>.2.jsonl` and so on where earlier processes have
  /// been, so that no file is ever written by two and no lock is needed. A thread of its own syncs it every second.
  static Expected<std::unique_ptr<TrialLog>> CreateOwn(Disk& disk, const std::filesystem::path& shards,
                                                       const std::string& shard);
  /// Creates the log or opens it to go on, cutting off a torn last line.
  static Expected<std::unique_ptr<TrialLog>> Open(Disk& disk, const std::filesystem::path& path);
  /// The file's name without its extension; what else belongs to this log is named after it.
  const std::string& name() const { return name_; }
  TrialLog(const TrialLog&) = delete;
  TrialLog& operator=(const TrialLog&) = delete;
  /// Syncs what is left; an error then has nowhere to go, so call Close first.
  ~TrialLog();

  /// Appends whole rows, newlines included. Once an append has failed every later one fails the same way.
  Status Append(std::string_view rows);
  /// What must be on disk before rows are, e.g. their transcripts: called before every sync, also from the syncing
  /// thread. Set it before the first row; what it uses must outlive this log.
  void SyncFirst(std::function<Status()> first);
  /// Everything appended before is on disk when this returns.
  Status Sync();
  /// Syncs and stops the syncing thread.
  Status Close();

 private:
  TrialLog(std::unique_ptr<WritableFile> file, std::string name);
  void SyncEverySecond();
  Status SyncFiles();

  const std::string name_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unique_ptr<WritableFile> file_;
  std::function<Status()> sync_first_;
  Status failure_;
  bool dirty_ = false;
  bool closing_ = false;
  std::thread syncer_;
};

/// Reads a big file line by line through one buffer. `visit` gets the offset of the line and the line with its
/// newline; an unfinished last line is left out and reported by the return value (its offset, or the file's size).
/// `from` is where a line starts.
Expected<std::uint64_t> ForEachLine(const std::filesystem::path& path,
                                    const std::function<Status(std::uint64_t offset, std::string_view line)>& visit,
                                    std::uint64_t from = 0);

}  // namespace xsweep
