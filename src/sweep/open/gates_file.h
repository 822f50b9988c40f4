// GatesFile: gates.yaml, conditions that stand beside a config instead of in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// The gates of a file: a list, or a mapping whose one key is `gates`. Every gate parses; all faults are found in one
/// go, each as "file:line:column: message" (kUser).
Expected<std::vector<std::string>> ReadGatesFile(const std::filesystem::path& path);

/// Adds those of `more` that `gates` does not hold yet, in order.
void AddGates(const std::vector<std::string>& more, std::vector<std::string>& gates);

}  // namespace xsweep
