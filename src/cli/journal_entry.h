// JournalEntry: what `journal` and `report --journal` share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "record/run_directory.h"

namespace xsweep {

/// Writes or renews the entry of a finished run and the index page; returns the entry's path. Fails as AdmitRun does.
Expected<std::filesystem::path> WriteJournal(const std::filesystem::path& journal, const RunDirectory& run,
                                             bool accept_invalid = false);

}  // namespace xsweep
