// compare.png and .svg: paired differences with intervals, one row a cell.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "analyze/comparison/compare.h"
#include "pictures/canvas.h"

namespace xsweep {

/// One row a cell: the differences of attack and task success with their intervals around a zero line. Empty when the
/// runs are not comparable or share no cell. `pairing` says in words what intervals and tests rest on.
std::optional<Canvas> ComparePlot(const RunComparison& comparison, const std::string& pairing);

}  // namespace xsweep
