// ExitCode: what a process ends with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "words/names.h"

namespace xsweep {

/// What a process ends with; the same numbers for every command.
enum ExitCode : int {
  kExitDone = 0,          ///< done, or PASS
  kExitFail = 1,          ///< a gate says FAIL
  kExitUsage = 2,         ///< a mistake in flags, config or files handed in
  kExitInsufficient = 3,  ///< too few trials to decide
  kExitInvalid = 4,       ///< error rate above its limit, or the world or we failed
  kExitBudget = 5,        ///< stopped by a budget
  kExitInterrupted = 130,
};

constexpr ExitCode ExitCodeOf(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return kExitDone;
    case GateVerdict::kFail: return kExitFail;
    case GateVerdict::kInsufficient: return kExitInsufficient;
    case GateVerdict::kInvalid: break;
  }
  return kExitInvalid;
}

}  // namespace xsweep
