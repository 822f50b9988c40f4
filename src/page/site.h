// The site: many runs as plain files that any web server can hand out. What `publish` sends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace xsweep {

struct SiteOptions {
  /// No dialogues, no error messages (they may quote a model) and no notes that quote them. Files that would hold them
  /// are written empty, so that they take the place of what was published before.
  bool redact = false;
  std::size_t transcripts = 20'000;  ///< of each run; said on the page when it bites
};

/// Writes the site of `runs` (directories <results>/<exp>/<run_id>, sealed) into the empty directory `site`:
/// index.html, assets/, data/ as in present/page_data.h, files/<exp>/<run_id>/ with the small files of a run. Each run
/// is compared with the one before it when that is there. Fails with kUser for a run that is not sealed or when the
/// page is not built in. `step` is called with each run that is done.
Status WriteSite(const std::filesystem::path& results, const std::vector<std::filesystem::path>& runs,
                 const std::filesystem::path& site, const SiteOptions& options,
                 const std::function<void(std::size_t done)>& step);

}  // namespace xsweep
