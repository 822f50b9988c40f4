// distribution.png and .svg: how the success rates of single tasks and single seeds are spread in each cell.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "analyze/aggregate.h"
#include "pictures/chart.h"
#include "record/manifest.h"

namespace xsweep {

/// Two columns, by task and by seed: a violin, a box from quartile to quartile with the median, whiskers to the
/// extremes, and the rates themselves as points (at most 200, evenly chosen by rank). One rate, or all equal, is a line
/// with its points: it has no shape. Empty when no cell has two tasks or two seeds with attacked trials.
std::optional<Canvas> DistributionPlot(const Manifest& manifest, const RunAggregate& aggregate);

}  // namespace xsweep
