// Curves: attack success within k trials of a task, and what more trials would do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyze/aggregate.h"
#include "stats/curve.h"

namespace xsweep {

/// Places at which a curve is told: 1, 2, 3, 5, 10, 20, 50 ... up to `most`, which is the last.
std::vector<std::int64_t> CurveSteps(std::int64_t most);

struct SuccessCurve {
  std::int64_t trials = 0;                     ///< the fewest that a task with any has
  std::vector<stats::CurvePoint> points;       ///< asr@k
  std::optional<stats::Extrapolation> thrice;  ///< at three times as many trials; empty where it is refused
};
/// Of an attacked cell with two tasks or more and two trials of each; empty for others.
std::optional<SuccessCurve> SuccessWithinTrials(const CellAggregate& cell);

}  // namespace xsweep
