// curves.png and .svg: how success grows with trials of a task and tries of an attacker, and how often a task is solved
// k times in a row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "analyze/aggregate.h"
#include "pictures/chart.h"
#include "record/manifest.h"

namespace xsweep {

/// Up to three panels: attack success within k trials, within so many tries of a trial, and pass^k; each where some
/// cell has such a curve of two points or more. A line with 95 % whiskers for each of up to six cells, those that fall
/// furthest; the words say how many are left out. Empty without a panel.
std::optional<Canvas> CurvesPlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page = {});

}  // namespace xsweep
