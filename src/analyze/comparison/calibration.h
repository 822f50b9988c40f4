// Calibration: labels of people beside a judge's verdicts, and the rates that they correct.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "stats/agreement.h"

namespace xsweep {

/// Labels by index of the trial: whether a person says that the attack succeeded. labels.jsonl holds a line
/// {"index":17,"label":true} for each; of two lines for one trial the later counts.
using Labels = std::map<std::uint64_t, bool>;
/// Of a run directory; empty where it has none. Fails with kUser for a line that is none.
Expected<Labels> ReadLabels(const std::string& directory);

struct CellCalibration {
  std::string cell;
  stats::LabelCount yes, no;  ///< labels by verdict, and how many a person called a success
  std::int64_t yes_trials = 0, no_trials = 0;
  double judged = 0;                         ///< share of yes-verdicts, a mean over tasks
  std::optional<stats::CorrectedRate> rate;  ///< empty: one task, or a verdict without a label
};

/// Attacked cells with at least one label, in order of first appearance. Rows without an outcome of the attack count
/// nowhere.
Expected<std::vector<CellCalibration>> ReadCalibration(const std::string& directory);

/// "45 of 50, 190 of 200": right in 45 of 50 successes and in 190 of 200 failures. Empty where it is no such text.
std::optional<stats::ExternalCalibration> ReadJudgeChecked(std::string_view text);

/// What labels on both sides make of a cell's difference.
struct CellCorrection {
  std::string cell;
  stats::CorrectedRate a, b;
  stats::CorrectedDifference difference;
};
/// B minus A, of the cells that have labels enough in both runs, in order of A.
Expected<std::vector<CellCorrection>> CompareCalibrations(const std::string& a, const std::string& b);

}  // namespace xsweep
