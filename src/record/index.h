// Index: results/index.csv, one line per finished run, for people and scripts that look for runs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"

namespace xsweep {

/// The columns of index.csv, in their order. `n`, `successes` and `asr` with bounds are of one `cell`, never pooled:
/// the attacked cell with the highest rate, of those with a defense where there are any. `asr_worst_defended` is the
/// same where it has a defense, otherwise empty; `asr_control` is the rate of its control without one. `task_success`
/// is that of the cells where nobody attacks, otherwise under attack. `question` names what was asked, see
/// sweep/question.h; `open_gates` are the gates that ended INSUFFICIENT, with | between them.
inline constexpr std::string_view kIndexColumns[] = {"run_id",
                                                     "exp",
                                                     "exp_id",
                                                     "timestamp_utc",
                                                     "git_sha",
                                                     "mode",
                                                     "seeds",
                                                     "trials",
                                                     "config_hash",
                                                     "n",
                                                     "successes",
                                                     "asr",
                                                     "asr_lower95",
                                                     "asr_upper95",
                                                     "errors",
                                                     "skipped",
                                                     "status",
                                                     "verdict",
                                                     "path",
                                                     "cell",
                                                     "asr_worst_defended",
                                                     "asr_control",
                                                     "control_cell",
                                                     "task_success",
                                                     "task_success_lower95",
                                                     "task_success_upper95",
                                                     "question",
                                                     "open_gates"};

/// One run of the index. `values` holds the text of each column by name; a missing one is empty.
struct IndexEntry {
  std::map<std::string, std::string, std::less<>> values;
  const std::string& operator[](std::string_view column) const;
};

/// Appends one line under a lock (and the header to a new file); whole even when many processes append at once, and
/// after a kill in the middle of an earlier append. A run that is in the index with the same line is not added again.
Status AppendToIndex(Disk& disk, const std::filesystem::path& index, const IndexEntry& entry);

/// All runs in order of appending; of two lines with one run id and path the later counts. Lines that are no whole
/// line of an index are left out and counted in `*damaged` when given. A missing file is an empty index.
Expected<std::vector<IndexEntry>> ReadIndex(const std::filesystem::path& index, std::size_t* damaged = nullptr);

/// Replaces the index as a whole (used when it is rebuilt from the run directories), under the same lock.
Status RewriteIndex(Disk& disk, const std::filesystem::path& index, const std::vector<IndexEntry>& entries);

/// One CSV field: quoted when needed. Text that a spreadsheet would take for a formula (=, +, -, @, tab, CR first)
/// gets a leading apostrophe, unless it is a number.
std::string CsvField(std::string_view text);
/// Splits one CSV line without its newline; empty when its quoting is broken.
std::vector<std::string> SplitCsvLine(std::string_view line);

}  // namespace xsweep
