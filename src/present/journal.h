// Journal: a dated page per run under docs/journal/, and the index of all of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/files.h"
#include "present/story.h"

namespace xsweep {

/// Writes docs/journal/YYYY-MM-DD-<exp>-<run_id>.md (`journal` is that folder) and rebuilds README.md beside it from
/// all pages, newest first. Doing it again for one run changes nothing but what the run itself has changed. Returns the
/// page's path. What people wrote below the line "## Remarks" of a page stays. Fails with kWorld when the folder cannot
/// be written.
Expected<std::filesystem::path> WriteJournalEntry(Disk& disk, const std::filesystem::path& journal, const Story& story,
                                                  const std::filesystem::path& run_directory);

}  // namespace xsweep
