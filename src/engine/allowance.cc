// Allowance: what one process may spend of a run-wide budget before it has to look at what the others have spent.
// SPDX-License-Identifier: Apache-2.0
#include "engine/allowance.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace xsweep {
namespace {

constexpr auto kHoldFor = std::chrono::seconds(10);  // half of what makes others take a process for dead
constexpr auto kRenewEvery = std::chrono::seconds(5);
constexpr std::int64_t kRenewals = 4;  // a process keeps what it will use in so many of these
constexpr auto kWait = std::chrono::milliseconds(250);
constexpr std::int64_t kSmallestHold = 4;  // calls; below that setting aside costs as much as looking

}  // namespace

Allowance::Allowance(const CallLimits& limits, Ledger& ledger, LedgerReader& reader, std::string shard,
                     std::uint32_t shards, std::size_t whose)
    : limits_(BoundsOf(limits).values),
      ledger_(ledger),
      reader_(reader),
      shard_(std::move(shard)),
      shards_(shards),
      whose_(whose) {}

void Allowance::Charged(const LedgerLine& spent) {
  const Amounts amounts = xsweep::AmountsOf(spent, whose_);
  for (std::size_t i = 0; i < own_.size(); ++i) own_[i] += amounts[i];
}

bool Allowance::Within(const Amounts& until) const {
  for (std::size_t i = 0; i < own_.size(); ++i) {
    if (limits_[i] && own_[i] >= until[i]) return false;
  }
  return true;
}

/// This process's part of what nobody has spent or set aside, as the reader saw it last. Divided by who may still ask:
/// shards that are not done, even those that no machine has started yet, and at least all that are alive, for another
/// split may be at work on the same run. Too many askers cost looks, too few would let the first take all.
Amounts Allowance::Share() const {
  const Amounts others = reader_.Committed(shard_, whose_);
  const auto unfinished = static_cast<std::int64_t>(shards_ - std::min(shards_ - 1, reader_.Done(shards_, shard_)));
  const std::int64_t askers = std::max(unfinished, static_cast<std::int64_t>(reader_.Alive()) + 1);
  Amounts share{};
  for (std::size_t i = 0; i < own_.size(); ++i) {
    if (limits_[i]) share[i] = std::max<std::int64_t>(0, *limits_[i] - others[i] - own_[i]) / askers;
  }
  return share;
}

bool Allowance::WorthHolding(const Amounts& share) const {
  const Amounts others = reader_.Spent(whose_);
  constexpr auto kCalls = static_cast<std::size_t>(CallLimit::kCalls);
  const std::int64_t calls = others[kCalls] + own_[kCalls];
  for (std::size_t i = 0; i < own_.size(); ++i) {
    if (!limits_[i]) continue;
    // Nobody knows what a call costs before the first has ended.
    if (calls == 0 && i != kCalls) return false;
    // The average, rounded up: a part that ends within a call was set aside for nothing.
    const std::int64_t of_a_call = i == kCalls ? 1 : (others[i] + own_[i]) / calls + 1;
    if (share[i] / of_a_call < kSmallestHold) return false;
  }
  return true;
}

/// Sets a part aside as far as it is worth it: written first, read then, and made smaller if the others leave less.
Status Allowance::Hold(SteadyTime now) {
  // The order is the whole argument: were the others read first, two processes could both see the same rest and both
  // take it. Having written before reading, the later of two sees the earlier one's part.
  const auto write = [&](const Amounts& share) {
    held_ = own_;
    for (std::size_t i = 0; i < own_.size(); ++i) (*held_)[i] += share[i];
    return Write(*held_);
  };
  const bool held_before = std::exchange(held_, std::nullopt).has_value();
  const Amounts wanted = Share();
  if (WorthHolding(wanted)) TRY(write(wanted));
  ++looks_;
  TRY(reader_.Refresh());
  if (!held_) return held_before ? Write({}) : Status();
  const Amounts left = Share();
  Amounts share{};
  for (std::size_t i = 0; i < share.size(); ++i) share[i] = std::min(wanted[i], left[i]);
  // Small parts are given back at once instead of kept: they would hide the rest from who needs it more.
  if (!WorthHolding(share)) return Release();
  if (share != wanted) TRY(write(share));
  held_until_ = now + kHoldFor;
  own_before_ = own_;
  return {};
}

Expected<Admission> Allowance::Look(SteadyTime now) {
  TRY(Hold(now));
  if (held_) return Admission::kGo;
  const Amounts others = reader_.Committed(shard_, whose_);
  const Amounts spent = reader_.Spent(whose_);
  bool room = true;
  for (std::size_t i = 0; i < own_.size(); ++i) {
    if (!limits_[i]) continue;
    if (spent[i] + own_[i] >= *limits_[i]) return Admission::kGo;  // reached, which Budget says
    // Not spent yet but set aside by others: they may give it back, so wait rather than stop.
    room = room && others[i] + own_[i] < *limits_[i];
  }
  if (room) return Admission::kGo;
  not_before_ = now + kWait;
  return Admission::kLater;
}

Expected<Admission> Allowance::Ask(SteadyTime now) {
  if (held_ && now < held_until_ && Within(*held_)) return Admission::kGo;
  if (now < not_before_) return Admission::kLater;
  return Look(now);
}

Status Allowance::Tick(SteadyTime now) {
  if (!held_ || now < held_until_ - kHoldFor + kRenewEvery) return {};
  // Renewed by half the time after which others take a process for dead, and shrunk to what it uses: one that has gone
  // over to its last, slow trials must not sit on what the others are waiting for.
  bool used = false;
  for (std::size_t i = 0; i < own_.size(); ++i) {
    const std::int64_t lately = own_[i] - std::exchange(own_before_[i], own_[i]);
    (*held_)[i] = std::min((*held_)[i], own_[i] + kRenewals * lately);
    used |= lately > 0;
  }
  if (!used) return Release();
  held_until_ = now + kHoldFor;
  return Write(*held_);
}

Status Allowance::Release() { return std::exchange(held_, std::nullopt) ? Write({}) : Status(); }

Status Allowance::Write(const Amounts& until) {
  TRY(ledger_.Hold(until, whose_));
  return ledger_.Sync();  // a network file system shows it to others only now
}

}  // namespace xsweep
