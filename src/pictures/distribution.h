// distribution.png and .svg: how the success rates of single tasks and single seeds are spread in each cell.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "analyze/aggregate.h"
#include "pictures/chart.h"
#include "record/manifest.h"

namespace xsweep {

/// The rates themselves as points (at most 200, evenly chosen by rank) with their median, by task, and by seed where
/// there are several; with 20 points or more of at least 7 values also a violin, a box from quartile to quartile and
/// whiskers to the extremes. Empty when no cell has two tasks or two seeds with attacked trials.
std::optional<Canvas> DistributionPlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page = {});

}  // namespace xsweep
