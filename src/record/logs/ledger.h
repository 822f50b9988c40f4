// Ledger: what a run has spent, written down by each process in a file of its own, read by all.
//
// Format: shards/<log>.spent, one line a charge, only ever appended, each with the sums so far, so that the last whole
// line says everything and a look at a ledger costs the same however long it has become:
//   <calls> <prompt tokens> <completion tokens> <cost in 1e-9 USD> <1: price known, 0: not> <milliseconds> <limit or ->
//   and, on the same line, up to where this process may go without looking at the others (see engine/allowance.h):
//   <calls> <prompt tokens> <completion tokens> <both together> <cost in 1e-9 USD>
//   and then, for each role that was asked or has something set aside, of its calls alone:
//   <role> <calls> <prompt tokens> <completion tokens> <cost in 1e-9 USD> <1 or 0> and the five as above
// A charge is written before the call's result is used, so a kill loses none. A shard that has nothing left to do says
// so by an empty file of its own, <shard>of<count>.done. Rejected: one shared counter file, which needs a lock that a
// dead node would keep; and lines that have to be summed, of which a thousand shards would read each a thousand times;
// and a ledger for each role, of which a kill may leave one without the charge that another has.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/files.h"
#include "record/logs/layout.h"
#include "words/call_limits.h"
#include "words/usage.h"

namespace xsweep {

/// Whose spending is meant: a role's, by its place, or that of all together.
inline constexpr std::size_t kAllRoles = kCount<Role>;

/// In place of a limit: the run's gates were decided, and nothing more was asked.
inline constexpr std::string_view kStoppedByGates = "gates";

struct LedgerLine {
  Usage usage{};                  ///< of all roles together
  std::int64_t milliseconds = 0;  ///< of running
  std::string stopped_by{};       ///< the limit that was reached; empty: none
  RoleUsage roles{};

  LedgerLine& operator+=(const LedgerLine& other);
  friend bool operator==(const LedgerLine&, const LedgerLine&) = default;
};

/// What counts against limits (words/call_limits.h).
Amounts AmountsOf(const LedgerLine& spent, std::size_t whose = kAllRoles);

/// What is set aside, by whose it is.
using Holds = std::array<Amounts, kCount<Role> + 1>;

/// The writing side. Thread-safe. `Append` adds a charge and gives the sums to the operating system, `Sync` to the
/// disk.
class Ledger {
 public:
  static Expected<std::unique_ptr<Ledger>> Create(Disk& disk, const std::filesystem::path& path);
  Status Append(const LedgerLine& charge);
  /// Sets aside up to `until`, counted from this ledger's first charge on; all zero: nothing any more.
  Status Hold(const Amounts& until, std::size_t whose = kAllRoles);
  Status Sync();

 private:
  explicit Ledger(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  Status Write();
  std::mutex mutex_;
  std::unique_ptr<WritableFile> file_;
  LedgerLine total_;
  Holds hold_{};
};

/// Reads the ends of all ledgers of a run. Not thread-safe.
class LedgerReader {
 public:
  /// `except`: the file name of the reader's own ledger; empty: read all.
  explicit LedgerReader(std::filesystem::path shards, std::string except = {})
      : shards_(std::move(shards)), except_(std::move(except)) {}

  /// Looks for new ledgers and at the last line of each. A file that vanished (the run was merged) keeps what was read.
  Status Refresh();
  /// Everything read so far. Shards run side by side: `milliseconds` is the longest shard's, over its processes one
  /// after another, plus what was carried over from before the run was last sealed.
  LedgerLine Total() const;
  /// The same, but with the running time of one shard ("3") and what was carried over.
  LedgerLine TotalFor(const std::string& shard) const;
  Amounts Spent(std::size_t whose = kAllRoles) const;
  /// Of every ledger what was spent or, where that is more, what is set aside. What an earlier process of `shard` had
  /// set aside is void, and so is that of a process that has written nothing for 20 seconds.
  Amounts Committed(const std::string& shard, std::size_t whose = kAllRoles) const;
  /// Ledgers that were written to within the last 20 seconds.
  std::size_t Alive() const;
  std::size_t ledgers() const { return files_.size(); }
  /// Shards of a split into `count` that have said that they are done; `except` is not counted.
  std::uint32_t Done(std::uint32_t count, const std::string& except) const;

 private:
  struct Known {
    std::int64_t changed = 0;  ///< seconds, as the file system counts them
    LedgerLine total;
    Holds hold{};
  };
  Status ReadEnd(int folder, const std::string& name, Known& known);
  bool Alive(const Known& known) const { return known.changed + kDeadAfterSeconds >= now_; }
  static constexpr std::int64_t kDeadAfterSeconds = 20;
  std::filesystem::path shards_;
  std::string except_;
  std::int64_t now_ = 0;  ///< when the reader's own ledger was last written, by the clock that stamps all of them
  std::map<std::string, Known> files_;
  std::set<std::string> done_;
};

/// Says that a shard of `count` has nothing left to do, or takes that back.
Status MarkDone(Disk& disk, const std::filesystem::path& shards, std::uint32_t shard, std::uint32_t count, bool done);

/// The shard's name in a log's: "3" of "3.2.spent".
std::string ShardOfLog(const std::string& file_name);

}  // namespace xsweep
