// Bundle: the files that are published, in the order in which a site may become visible.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// The list of runs, by which the page finds everything else. Goes last but one.
inline constexpr std::string_view kRunList = "data/runs.json";
/// Goes last.
inline constexpr std::string_view kFrontPage = "index.html";

struct BundleFile {
  std::string name;  ///< with "/" between folders, relative to the site
  std::filesystem::path path;
  std::uint64_t size = 0;
};

/// Every file below `site`: data first, then the page's assets, then the list of runs, then the front page. Whoever
/// stops in the middle has changed nothing that a visitor finds. Fails with kUser when there is no front page.
Expected<std::vector<BundleFile>> ListBundle(const std::filesystem::path& site);

/// What a web server should say about a file of the site.
std::string_view ContentTypeOf(std::string_view name);
/// The list of runs, the front page and the assets change under their names: they are always asked for again.
std::string_view CacheControlOf(std::string_view name);

/// The runs of `theirs` (already published; empty: none) and of `ours`; of two with one path ours counts. Fails with
/// kUser when `theirs` is no list of runs: something else is published there.
Expected<std::string> MergeRunLists(std::string_view theirs, std::string_view ours);

/// What came of publishing.
struct PublishResult {
  std::size_t sent = 0;
  std::size_t unchanged = 0;
  std::uint64_t sent_bytes = 0;
  std::string address = {};  ///< where to look
};
/// Called when a file is done, sent or not.
using PublishProgress = std::function<void(std::size_t done, std::size_t total, std::string_view name)>;

/// Copies the site into `destination`, each file whole or not at all, and leaves alone what is there unchanged.
Expected<PublishResult> PublishToDirectory(const std::filesystem::path& site, const std::filesystem::path& destination,
                                           bool dry_run, const PublishProgress& progress);

}  // namespace xsweep
