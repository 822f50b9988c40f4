// summary.png and summary.svg: a row of bars per cell, over all seeds and by seed, with intervals.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analyze/aggregate.h"
#include "pictures/chart.h"
#include "record/manifest.h"

namespace xsweep {

/// What a picture says that has rows for the first `drawn` cells only; empty when those are all.
std::string DrawnCellsWords(const Manifest& manifest, std::size_t drawn);

/// Two panels side by side, attack success and task success, each with 95 % whiskers and figures; one alone where the
/// other has nothing to show. Up to four seeds are bars under the cell's bar; more are dots. Control arms have lower
/// rows; a cell that was not attacked says so in place of a bar.
Canvas SummaryPlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page = {});

/// "SHIM · seeds 41, 42 · 24 tasks × 3 trials · commit abc1234", for the heads of all pictures of a run.
std::string RunSubtitle(const Manifest& manifest);

}  // namespace xsweep
