// history.png and .svg: attack success over the runs of an experiment, by commit.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "pictures/canvas.h"
#include "record/index.h"

namespace xsweep {

/// One point with its interval per run, in the order of `runs` (entries of the index); a band behind each commit's
/// runs. Runs without a rate leave a gap marked N/A; of more than 150 runs the last 150 are shown. Empty without runs.
std::optional<Canvas> HistoryPlot(const std::string& exp, const std::vector<IndexEntry>& runs);

/// The same as a Markdown table, newest first.
std::string HistoryMarkdown(const std::string& exp, const std::vector<IndexEntry>& runs);

/// Writes history.svg and history.png into `directory`; returns a warning when there could be no PNG.
Expected<std::string> WriteHistory(Disk& disk, const std::filesystem::path& directory, const std::string& exp,
                                   const std::vector<IndexEntry>& runs, const std::string& gnuplot = "gnuplot");

}  // namespace xsweep
