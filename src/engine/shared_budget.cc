// SharedBudget: one budget for all processes that work on a run.
// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_budget.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace xsweep {
namespace {

Spending ToSpending(const LedgerLine& line) {
  Spending spent;
  spent.usage.calls = line.calls;
  spent.usage.prompt_tokens = line.prompt_tokens;
  spent.usage.completion_tokens = line.completion_tokens;
  spent.usage.cost_nano_usd = line.cost_nano_usd;
  spent.usage.cost_known = line.cost_known;
  spent.seconds = static_cast<double>(line.milliseconds) / 1000;
  return spent;
}

}  // namespace

Expected<std::unique_ptr<SharedBudget>> SharedBudget::Open(Disk& disk, const Limits& limits,
                                                           const std::filesystem::path& shards, const std::string& log,
                                                           std::uint32_t shard_count) {
  const std::string own = log + ".spent";
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
      reader_(std::move(reader)),
      allowance_(limits, *ledger_, reader_, shard_, shard_count) {
  TakeIn();
  budget_.Share([this] { return Look(); }, [this](const Usage& usage) { Charged(usage); });
  ticker_ = std::thread([this] { Tick(); });
}

SharedBudget::~SharedBudget() { (void)Close(); }

Admission SharedBudget::Look() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t looks = allowance_.looks();
  const auto admission = allowance_.Ask(std::chrono::steady_clock::now());
  if (!admission && failure_) failure_ = std::unexpected(admission.error());
  if (allowance_.looks() > looks) TakeIn();
  return admission.value_or(Admission::kGo);
}

void SharedBudget::TakeIn() {
  budget_.SetElsewhere(ToSpending(reader_.TotalFor(shard_)));
  rate_share_ = 1.0 / (shard_count_ - std::min(shard_count_ - 1, reader_.Done(shard_count_, shard_)));
}

void SharedBudget::Charged(const Usage& usage) {
  LedgerLine line;
  line.calls = usage.calls;
  line.prompt_tokens = usage.prompt_tokens;
  line.completion_tokens = usage.completion_tokens;
  line.cost_nano_usd = usage.cost_nano_usd;
  line.cost_known = usage.cost_known;
  const Status written = ledger_->Append(line);
  const std::lock_guard lock(mutex_);
  allowance_.Charged(line);
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
  constexpr int kTimeEvery = 4;
  constexpr int kLookEvery = 40;  // ten seconds, so that a thousand shards read each other a thousand times in that
  std::unique_lock lock(mutex_);
  for (int tick = 1; !wake_.wait_for(lock, kSyncEvery, [this] { return closing_; }); ++tick) {
    Status done = tick % kTimeEvery == 0 ? ledger_->Append(TimeSpent()) : Status();
    if (done) done = allowance_.Tick(std::chrono::steady_clock::now());
    if (done && tick % kLookEvery == 0) {
      done = reader_.Refresh();
      TakeIn();
    }
    if (std::exchange(charged_, false) && done) {
      lock.unlock();
      done = ledger_->Sync();
      lock.lock();
    }
    if (!done && failure_) failure_ = done;
  }
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
  if (const Status given = allowance_.Release(); !given && failure_) failure_ = given;
  LedgerLine last = TimeSpent();
  last.stopped_by = budget_.stopped_by();
  Status done = ledger_->Append(last);
  if (done) done = ledger_->Sync();
  if (!done && failure_) failure_ = done;
  return failure_;
}

}  // namespace xsweep
