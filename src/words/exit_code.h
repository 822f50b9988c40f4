// ExitCode: what a process ends with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

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

/// What a run that has ended says by its status and its gates: a run that a budget stopped says so unless a gate was
/// clear about it.
constexpr ExitCode ExitCodeOf(std::optional<RunStatus> status, std::optional<GateVerdict> verdict) {
  const ExitCode said = ExitCodeOf(verdict.value_or(GateVerdict::kPass));
  if (said == kExitInvalid || said == kExitFail) return said;
  return status == RunStatus::kBudget ? kExitBudget : said;
}

}  // namespace xsweep
