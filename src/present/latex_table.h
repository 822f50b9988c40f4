// LatexTable: the cells of a run as a table for a paper.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "analyze/aggregate.h"
#include "record/manifest.h"

namespace xsweep {

/// `text` for LaTeX: nothing in it is a command.
std::string LatexText(std::string_view text);

/// A `tabular` in the manner of booktabs, with a comment that says what to load and which run it is from: a line for
/// each cell with trials, attack success and task success in percent and their 95 % intervals; control arms below a
/// rule. Columns that no cell fills are left out.
std::string LatexTable(const Manifest& manifest, const RunAggregate& aggregate);

}  // namespace xsweep
