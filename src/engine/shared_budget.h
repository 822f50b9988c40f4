// SharedBudget: one budget for all processes that work on a run, over files that only one of them writes.
//
// What a call has cost is written down before its answer is used; what others have spent and set aside is read when
// this process's own part is used up (see allowance.h), for the run and for each role that has limits of its own. So a
// limit is passed by at most the calls in flight over all shards. A shard that asks no model in a role learns that this
// role's limit is reached by looking all the same: every quarter of a second beside a few shards, every ten seconds
// beside a thousand. Rates are divided by the shards that have not said that they are done: whoever is late to learn of
// one that has takes too little, never too much (but for the first seconds of shards that were done and run again
// together).
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/allowance.h"
#include "engine/budget.h"
#include "record/logs/ledger.h"

namespace xsweep {

class SharedBudget {
 public:
  /// `log` names this process's files: its ledger is shards/<log>.spent. It runs one of `shard_count` shards.
  static Expected<std::unique_ptr<SharedBudget>> Open(Disk& disk, const Limits& limits,
                                                      const std::filesystem::path& shards, const std::string& log,
                                                      std::uint32_t shard_count = 1);
  SharedBudget(const SharedBudget&) = delete;
  SharedBudget& operator=(const SharedBudget&) = delete;
  ~SharedBudget();

  Budget& budget() { return budget_; }
  /// This process's part of the rates that the config states, in (0, 1]. It grows as other shards finish.
  double rate_share() const { return rate_share_.load(std::memory_order_relaxed); }
  /// Writes the last line and syncs. Says what went wrong since Open.
  Status Close();

 private:
  SharedBudget(const Limits& limits, std::unique_ptr<Ledger> ledger, LedgerReader reader, std::string shard,
               std::uint32_t shard_count);
  /// Takes in what others have spent, as far as this process may not go on without for a call of that role.
  Admission Look(Role role);
  /// Hands on what the reader has just learned.
  void TakeIn();
  void Charged(Role role, const Usage& usage);
  void Tick();
  /// What a tick does beside syncing; every so often it also looks.
  Status TickOnce(int tick);
  LedgerLine TimeSpent();

  Budget budget_;
  std::unique_ptr<Ledger> ledger_;
  const std::string shard_;
  const std::uint32_t shard_count_;
  std::atomic<double> rate_share_ = 1;
  mutable std::mutex mutex_;  ///< over what follows
  LedgerReader reader_;
  std::array<std::optional<Allowance>, kCount<Role> + 1> allowances_;  ///< by whose; empty without limits
  Status failure_;
  bool charged_ = false;
  bool closing_ = false;
  bool closed_ = false;
  int last_look_ = 0;  ///< in ticks
  std::chrono::steady_clock::time_point written_until_ = std::chrono::steady_clock::now();
  std::condition_variable wake_;
  std::thread ticker_;
};

}  // namespace xsweep
