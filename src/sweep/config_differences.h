// ConfigDifferences: the values in which the configs of two runs differ, by path.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "analyze/compare.h"

namespace xsweep {

/// Reads config.yaml of both run directories. One fact for each path whose value differs ("config: agent.competence"),
/// in the order of a, then of b; a path that one of them lacks is empty there. Seeds, trials, mode and the name of the
/// experiment are left out: run.json says them. A config that cannot be read makes one fact that says so.
std::vector<FactDifference> ConfigDifferences(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace xsweep
