// SharedBudget: one budget for all processes that work on a run, over files that only one of them writes.
//
// Before a model call starts, everything that others have written down is read; after it, its cost is written down
// before its answer is used. So a limit is passed by at most the calls in flight over all shards, where the file system
// shows one process what another has written (local disks, Lustre, GPFS); on NFS by those of the quarter second more
// that a write may take to become visible.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "engine/budget.h"
#include "record/ledger.h"

namespace xsweep {

class SharedBudget {
 public:
  /// `log` names this process's files: its ledger is shards/<log>.spent.
  static Expected<std::unique_ptr<SharedBudget>> Open(Disk& disk, const Limits& limits,
                                                      const std::filesystem::path& shards, const std::string& log);
  SharedBudget(const SharedBudget&) = delete;
  SharedBudget& operator=(const SharedBudget&) = delete;
  ~SharedBudget();

  Budget& budget() { return budget_; }
  /// Writes the last line and syncs. Says what went wrong since Open.
  Status Close();

 private:
  SharedBudget(const Limits& limits, std::unique_ptr<Ledger> ledger, LedgerReader reader, std::string shard);
  /// Takes in what others have spent.
  void Refresh();
  void Charged(const Usage& usage);
  void Tick();
  LedgerLine TimeSpent();

  Budget budget_;
  std::unique_ptr<Ledger> ledger_;
  const std::string shard_;
  mutable std::mutex mutex_;  ///< over what follows
  LedgerReader reader_;
  Status failure_;
  bool charged_ = false;
  bool closing_ = false;
  bool closed_ = false;
  std::chrono::steady_clock::time_point written_until_ = std::chrono::steady_clock::now();
  std::condition_variable wake_;
  std::thread ticker_;
};

}  // namespace xsweep
