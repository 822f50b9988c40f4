// Comparison: two runs side by side as compare.csv, compare.md and compare.png.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analyze/comparison/compare.h"
#include "analyze/comparison/grid.h"
#include "base/files.h"
#include "pictures/canvas.h"

namespace xsweep {

/// One line per cell and measure (asr, task_success): run_a, run_b, cell, measure, counts and rates of both,
/// pairing (by_task, these_tasks, separate_tasks, none), pairs of single trials, tasks, only_a, only_b, difference
/// (b - a) with lower95 and upper95, the p values, adjusted_p and adjustment, judgement, detectable. Empty fields are
/// N/A.
std::string CompareCsv(const RunComparison& comparison);

/// Warnings first, then the verdict in words, why the numbers may mean nothing, the cells, the trials that came out
/// differently, and what differs between the runs.
std::string CompareMarkdown(const RunComparison& comparison);

/// What must be read before any figure: a run that is damaged or has more errors than it allows. Plain sentences.
std::vector<std::string> CompareWarnings(const RunComparison& comparison);

/// "B better in 2 of 5 cells, worse in none, 3 not distinguishable (attack success)." Plain text.
std::string CompareHeadline(const RunComparison& comparison);

/// What the intervals and tests of these cells rest on, each basis once. Plain text.
std::string PairingSentences(const RunComparison& comparison, Difference CellComparison::* measure);

/// A Markdown section: every attacked cell against its control with raw and adjusted p; empty without such cells.
std::string ContrastSection(const RunDesign& manifest, const ContrastTable& table);

/// Writes compare.csv, compare.md, compare.svg and compare.png into `directory` (made if needed); returns a warning
/// when there could be no PNG, otherwise an empty text.
Expected<std::string> WriteComparison(Disk& disk, const std::filesystem::path& directory,
                                      const RunComparison& comparison, const std::string& gnuplot = "gnuplot");

}  // namespace xsweep
