// Question: which question a run asks, so that asking it again is known for what it is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "record/manifest.h"

namespace xsweep {

/// 16 hex digits over the config of a run directory without seeds, trials, order of tasks, names, limits, gates and
/// what is kept, and over code and data. Empty when the config cannot be read.
std::string QuestionOf(const std::filesystem::path& run, const RunDesign& manifest);

/// Earlier runs of that question in the index in which `gate` was among the gates that ended INSUFFICIENT.
std::int64_t EarlierLooks(const std::filesystem::path& results, const RunDesign& manifest, const std::string& question,
                          const std::string& gate);

}  // namespace xsweep
