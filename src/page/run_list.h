// RunList: the runs of a results root as the page lists them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "record/manifest.h"

namespace xsweep {

/// {columns:[...], rows:[[text...]...]}: the index and, after it, runs that are under way or were not indexed.
/// Columns are those of index.csv; `path` is "<exp>/<run_id>". Numbers stay the text of index.csv.
Expected<Json> RunsForPage(const std::filesystem::path& results);

/// "<exp>/<run_id>" of a run directory.
std::string PathForPage(const std::filesystem::path& run);
Expected<Manifest> ManifestOf(const std::filesystem::path& run);

}  // namespace xsweep
