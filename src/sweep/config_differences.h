// ConfigDifferences: the values in which the configs of two runs differ, by path.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyze/comparison/compare.h"

namespace xsweep {

/// Path ("agent.competence") and value as text, in order of the file.
using ConfigValues = std::vector<std::pair<std::string, std::string>>;

/// The values of a run directory's config.yaml; empty when it cannot be read.
std::optional<ConfigValues> ReadConfigValues(const std::filesystem::path& run);

/// Reads config.yaml of both run directories. One fact for each path whose value differs ("config: agent.competence"),
/// in the order of a, then of b; a path that one of them lacks is empty there. Seeds, trials, mode and the name of the
/// experiment are left out: run.json says them. A config that cannot be read makes one fact that says so.
std::vector<FactDifference> ConfigDifferences(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace xsweep
