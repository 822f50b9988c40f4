// CompareDirectories: two run directories side by side, with what their configs say of the parts that differ.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "analyze/comparison/compare.h"

namespace xsweep {

/// b against a, as CompareRuns; `options.parts` is filled from the configs, and every value in which they differ is
/// among the facts.
Expected<RunComparison> CompareDirectories(const std::filesystem::path& a, const std::filesystem::path& b,
                                           CompareOptions options = {});

}  // namespace xsweep
