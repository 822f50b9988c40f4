// summary.png and summary.svg: a row of bars per cell, over all seeds and by seed, with intervals.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analyze/aggregate.h"
#include "pictures/chart.h"
#include "record/manifest.h"

namespace xsweep {

/// What a picture says that has rows for the first `drawn` cells only; empty when those are all.
std::string DrawnCellsWords(const Manifest& manifest, std::size_t drawn);

/// Attack success with 95 % whiskers, the counts and the task success beside it in figures. Up to four seeds are
/// bars under the cell's bar; more are dots. A cell without attacked trials shows N/A and no bar.
Canvas SummaryPlot(const Manifest& manifest, const RunAggregate& aggregate);

/// "SHIM · seeds 41, 42 · 24 tasks × 3 trials · commit abc1234", for the heads of all pictures of a run.
std::string RunSubtitle(const Manifest& manifest);

}  // namespace xsweep
