// PageComparison: a run against another as the page reads it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/json.h"

namespace xsweep {

/// `b` against `a`, both run directories: {words, facts, adjustment, cells:[{cell, measure, difference, low, high, p,
/// ...}]}, attack success of all cells first, then task success.
Expected<Json> ComparisonForPage(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace xsweep
