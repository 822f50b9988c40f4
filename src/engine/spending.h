// Spending: what a run has used, over all its processes and resumes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/json.h"
#include "episode/model.h"
#include "record/logs/ledger.h"

namespace xsweep {

struct Spending {
  Usage usage;  ///< of all roles together
  RoleUsage by_role;
  std::uint64_t ended = 0;  ///< trials with an outcome, errors included
  std::uint64_t errors = 0;
  double seconds = 0;

  void Add(Role role, const Usage& used);
  /// As in run.json; `roles` holds those that made calls.
  Json ToJson() const;
  static Spending FromJson(const Json& json);
};

/// Ledgers count no trials: `ended` and `errors` are 0, and not written.
Spending ToSpending(const LedgerLine& line);
LedgerLine ToLedgerLine(const Spending& spent);

}  // namespace xsweep
