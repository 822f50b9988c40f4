// CellTable: the cells of a run as a table for a terminal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "analyze/aggregate.h"

namespace xsweep {

/// A line for each cell: its label, trials, attack success and task success with their 95 % intervals, errors where
/// there are any. No line is wider than `width` columns (at least 40): labels are cut, then intervals of task success
/// are left out, then its column. Of more than `most` cells the worst defended ones are shown, and how many are not.
/// Empty for a run of one cell, whose headline says it all.
std::string CellTable(const RunAggregate& aggregate, std::size_t width, std::size_t most = 16);

}  // namespace xsweep
