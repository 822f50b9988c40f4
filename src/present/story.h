// Story: what the words about a run are made from; notes, doubts, report and notebook all tell it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyze/aggregate.h"
#include "analyze/comparison/calibration.h"
#include "analyze/comparison/difference.h"
#include "present/failures.h"
#include "present/replies.h"
#include "record/manifest.h"

namespace xsweep {

/// Everything that words about a run are made from. References outlive the call.
struct Story {
  const Manifest& manifest;
  const RunAggregate& aggregate;
  std::vector<FailureKind> failures;
  std::string gates_markdown;                     ///< the verdict with its table, made by gates; empty without gates
  Adjustment adjustment = Adjustment::kMaxT;      ///< of the p values of cells against their control
  ReplyCounts replies{};                          ///< of models: what was no answer, and who answered
  std::vector<CellCalibration> calibration = {};  ///< of cells with labels; empty without labels
  std::optional<stats::ExternalCalibration> checked = {};  ///< the judge, elsewhere
  std::vector<std::string> doubts = {};  ///< as `Doubts` found them, for who writes several pages; empty: not asked yet
};

}  // namespace xsweep
