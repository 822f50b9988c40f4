// GitHub Pages: the site as a branch of a git remote.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "publish/bundle.h"

namespace xsweep {

struct PagesOptions {
  std::filesystem::path repository = ".";  ///< a clone whose remote is meant; its work tree and branches stay untouched
  std::string remote = "origin";           ///< a remote's name or an address
  std::string branch = "gh-pages";
  int keep_commits = 20;  ///< a longer history is replaced by one commit
  bool dry_run = false;
};

/// Adds the site to what the branch holds already and pushes it. When somebody else pushed in between, fetches their
/// state and does it again on top of that (up to ten times), so two jobs that publish at once both end up there.
/// Nothing is pushed when nothing changed. Fails with kWorld and git's own words when git fails; addresses with
/// credentials are never repeated.
Expected<PublishResult> PublishToPages(const std::filesystem::path& site, const PagesOptions& options,
                                       const PublishProgress& progress);

/// https://owner.github.io/name/ for a GitHub address, otherwise the branch's name.
std::string PagesAddress(const std::string& remote_url, const std::string& branch);

}  // namespace xsweep
