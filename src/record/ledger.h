// Ledger: what a run has spent, written down by each process in a file of its own, read by all.
//
// Format: shards/<log>.spent, one line a charge, only ever appended:
//   <calls> <prompt tokens> <completion tokens> <cost in 1e-9 USD> <1: price known, 0: not> <milliseconds> <limit or ->
// A charge is written before the call's result is used, so a kill loses none. Rejected: one shared counter file, which
// needs a lock that a dead node would keep.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/files.h"

namespace xsweep {

struct LedgerLine {
  std::int64_t calls = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t cost_nano_usd = 0;
  bool cost_known = true;
  std::int64_t milliseconds = 0;  ///< of running
  std::string stopped_by;         ///< the limit that was reached; empty: none

  LedgerLine& operator+=(const LedgerLine& other);
  friend bool operator==(const LedgerLine&, const LedgerLine&) = default;
};

/// The writing side. Thread-safe. `Append` gives the line to the operating system, `Sync` to the disk.
class Ledger {
 public:
  static Expected<std::unique_ptr<Ledger>> Create(Disk& disk, const std::filesystem::path& path);
  Status Append(const LedgerLine& line);
  Status Sync();

 private:
  explicit Ledger(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  std::mutex mutex_;
  std::unique_ptr<WritableFile> file_;
};

/// Reads all ledgers of a run; each reading takes in only what was added since the last. Not thread-safe.
class LedgerReader {
 public:
  /// `except`: the file name of the reader's own ledger; empty: read all.
  explicit LedgerReader(std::filesystem::path shards, std::string except = {})
      : shards_(std::move(shards)), except_(std::move(except)) {}

  /// Looks for new ledgers and for new lines. A file that vanished (the run was merged) keeps what was read.
  Status Refresh();
  /// Everything read so far. Shards run side by side: `milliseconds` is the longest shard's, over its processes one
  /// after another, plus what was carried over from before the run was last sealed.
  LedgerLine Total() const;
  /// The same, but with the running time of one shard ("3") and what was carried over.
  LedgerLine TotalFor(const std::string& shard) const;

 private:
  struct Known {
    std::uint64_t offset = 0;
    LedgerLine total;
  };
  Status ReadNew(const std::filesystem::path& path, Known& known);
  std::filesystem::path shards_;
  std::string except_;
  std::map<std::string, Known> files_;
};

/// The shard's name in a log's: "3" of "3.2.spent".
std::string ShardOfLog(const std::string& file_name);
/// The ledger that holds what a run had spent when it was sealed, while it is open again.
inline constexpr std::string_view kCarriedLedger = "carried.spent";

}  // namespace xsweep
