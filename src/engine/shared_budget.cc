// SharedBudget: one budget for all processes that work on a run.
// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_budget.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "record/logs/layout.h"

namespace xsweep {
Expected<std::unique_ptr<SharedBudget>> SharedBudget::Open(Disk& disk, const Limits& limits,
                                                           const std::filesystem::path& shards, const std::string& log,
                                                           std::uint32_t shard_count) {
  const std::string own = layout::Log(log, layout::kLedger);
  TRY_ASSIGN(auto ledger, Ledger::Create(disk, shards / own));
  LedgerReader reader(shards, own);
  TRY(reader.Refresh());
  return std::unique_ptr<SharedBudget>(
      new SharedBudget(limits, std::move(ledger), std::move(reader), ShardOfLog(log), shard_count));
}

SharedBudget::SharedBudget(const Limits& limits, std::unique_ptr<Ledger> ledger, LedgerReader reader, std::string shard,
                           std::uint32_t shard_count)
    : budget_(limits, ToSpending(reader.TotalFor(shard))),
      ledger_(std::move(ledger)),
      shard_(std::move(shard)),
      shard_count_(shard_count),
      reader_(std::move(reader)) {
  for (std::size_t whose = 0; whose < allowances_.size(); ++whose) {
    const CallLimits& bounds = whose == kAllRoles ? limits : limits.roles.values[whose];
    if (bounds != CallLimits()) allowances_[whose].emplace(bounds, *ledger_, reader_, shard_, shard_count, whose);
  }
  TakeIn();
  budget_.Share([this](Role role) { return Look(role); },
                [this](Role role, const Usage& usage) { Charged(role, usage); });
  ticker_ = std::thread([this] { Tick(); });
}

SharedBudget::~SharedBudget() { (void)Close(); }

Admission SharedBudget::Look(Role role) {
  const std::lock_guard lock(mutex_);
  Admission all = Admission::kGo;
  for (const std::size_t whose : {static_cast<std::size_t>(role), kAllRoles}) {
    auto& allowance = allowances_[whose];
    if (!allowance) continue;
    const std::uint64_t looks = allowance->looks();
    const auto admission = allowance->Ask(std::chrono::steady_clock::now());
    if (!admission && failure_) failure_ = std::unexpected(admission.error());
    if (allowance->looks() > looks) TakeIn();
    if (admission.value_or(Admission::kGo) == Admission::kLater) all = Admission::kLater;
  }
  return all;
}

void SharedBudget::TakeIn() {
  budget_.SetElsewhere(ToSpending(reader_.TotalFor(shard_)));
  rate_share_ = 1.0 / (shard_count_ - std::min(shard_count_ - 1, reader_.Done(shard_count_, shard_)));
}

void SharedBudget::Charged(Role role, const Usage& usage) {
  Spending spent;
  spent.Add(role, usage);
  const LedgerLine line = ToLedgerLine(spent);
  const Status written = ledger_->Append(line);
  const std::lock_guard lock(mutex_);
  for (auto& allowance : allowances_) {
    if (allowance) allowance->Charged(line);
  }
  charged_ = true;
  if (!written && failure_) failure_ = written;
}

LedgerLine SharedBudget::TimeSpent() {
  LedgerLine line;
  const auto now = std::chrono::steady_clock::now();
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(now - written_until_);
  written_until_ += spent;
  line.milliseconds = spent.count();
  return line;
}

void SharedBudget::Tick() {
  constexpr auto kSyncEvery = std::chrono::milliseconds(250);
  std::unique_lock lock(mutex_);
  for (int tick = 1; !wake_.wait_for(lock, kSyncEvery, [this] { return closing_; }); ++tick) {
    Status done = TickOnce(tick);
    if (std::exchange(charged_, false) && done) {
      lock.unlock();
      done = ledger_->Sync();
      lock.lock();
    }
    if (!done && failure_) failure_ = done;
  }
}

Status SharedBudget::TickOnce(int tick) {
  constexpr int kTimeEvery = 4;
  // So a thousand shards look every forty ticks, ten seconds, and read each other a thousand times in that.
  constexpr std::size_t kLedgersATick = 25;
  if (tick % kTimeEvery == 0) TRY(ledger_->Append(TimeSpent()));
  for (auto& allowance : allowances_) {
    if (allowance) TRY(allowance->Tick(std::chrono::steady_clock::now()));
  }
  if (static_cast<std::size_t>(tick - last_look_) * kLedgersATick < reader_.ledgers()) return {};
  last_look_ = tick;
  TRY(reader_.Refresh());
  TakeIn();
  return {};
}

Status SharedBudget::Close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return failure_;
    closing_ = closed_ = true;
  }
  wake_.notify_all();
  ticker_.join();
  const std::lock_guard lock(mutex_);
  for (auto& allowance : allowances_) {
    if (!allowance) continue;
    if (const Status given = allowance->Release(); !given && failure_) failure_ = given;
  }
  LedgerLine last = TimeSpent();
  last.stopped_by = budget_.stopped_by();
  Status done = ledger_->Append(last);
  if (done) done = ledger_->Sync();
  if (!done && failure_) failure_ = done;
  return failure_;
}

}  // namespace xsweep
