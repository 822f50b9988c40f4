// Allowance: what one process may spend of a run-wide budget before it has to look at what the others have spent.
//
// There is one for the run and one for each role that has limits of its own; what follows holds for each of them.
//
// A look reads the ledgers of all others, so with a look before each call a thousand shards would read each other a
// thousand times a second. Instead a process sets a part of the rest aside: it writes that into its ledger first, then
// reads the ledgers of all others, and keeps no more than they leave. Of two that do so at once at least one sees the
// other, so what is spent and what is set aside stay under the limit together, and a call within its own part needs no
// look. A part is the rest divided by the processes that may want some, so it shrinks as the limit comes near; where it
// would be smaller than a few calls every call looks. Every five seconds a process gives back what it would not use in
// the next twenty. A process that died holds up the others for twenty seconds.
//
// So the limit is passed by at most the calls in flight, each process looks about ln(its calls) times whatever the
// number of shards, and nobody coordinates. Rejected: dividing the limit once, by shards (a heavy shard would stop
// while light ones leave money on the table), and a look at a sample (which bounds nothing).
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "config/sweep_config.h"
#include "record/logs/ledger.h"

namespace xsweep {

enum class Admission {
  kGo,    ///< as far as the others are concerned: the limits themselves are Budget's
  kLater  ///< the others have set aside what is left; ask again in a moment
};

/// Not thread-safe. `ledger` and `reader` are of one process, `reader` leaves the ledger out.
class Allowance {
 public:
  /// `shard` of `shards` is what this process runs; another split may be at work on the same run. `limits` are those of
  /// one role, by its place, or of all roles together.
  Allowance(const CallLimits& limits, Ledger& ledger, LedgerReader& reader, std::string shard, std::uint32_t shards,
            std::size_t whose = kAllRoles);

  /// Asked before each call. Fails when a ledger cannot be read or written.
  Expected<Admission> Ask(SteadyTime now);
  void Charged(const LedgerLine& spent);
  /// Gives back what will not be used soon. To be called about every second, also while nobody asks.
  Status Tick(SteadyTime now);
  /// Gives everything back.
  Status Release();

  std::uint64_t looks() const { return looks_; }

 private:
  bool Within(const Amounts& until) const;
  Amounts Share() const;
  bool WorthHolding(const Amounts& share) const;
  Status Hold(SteadyTime now);
  Status Write(const Amounts& until);
  Expected<Admission> Look(SteadyTime now);

  const std::array<std::optional<std::int64_t>, kCount<CallLimit>> limits_;
  Ledger& ledger_;
  LedgerReader& reader_;
  const std::string shard_;
  const std::uint32_t shards_;
  const std::size_t whose_;
  Amounts own_{};
  Amounts own_before_{};  ///< five seconds ago
  std::optional<Amounts> held_;
  SteadyTime held_until_{};
  SteadyTime not_before_{};  ///< the next look of a process that waits
  std::uint64_t looks_ = 0;
};

}  // namespace xsweep
