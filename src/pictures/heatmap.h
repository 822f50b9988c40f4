// heatmap.png and .svg: a grid of coloured cells for every pair of axes. attack_defense.png: attacks against defenses.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyze/aggregate.h"
#include "pictures/chart.h"
#include "record/manifest.h"

namespace xsweep {

/// Empty without a panel. Rates, intervals and counts stand in the squares while they fit; cells without exposure are
/// hatched.
std::optional<Canvas> HeatmapPlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page = {});
/// The matrix with the worst attack per defense and the task success beside it, so that a defense that blocks
/// everything does not look like a good one.
std::optional<Canvas> AttackDefensePlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page = {});

}  // namespace xsweep
