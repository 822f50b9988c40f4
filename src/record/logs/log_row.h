// LogRow: a trial's row as it stands in a shard log: the row itself and a mark by which damage is seen.
//
// Format: the row's JSON with one member more at its end, ,"log":"t0123abcd"}: the letter says whether a transcript was
// kept (t) or not (-), the eight hex digits are the low half of XXH3-64 over everything before the digits. Sealing
// takes the member off again, so that rows are read, compared and rewritten by others as plain rows. Logs of earlier
// versions have none. Rejected: a checksum in sealed rows (whoever rewrites a file by another JSON library would break
// all of them), and one for a whole log (a torn page would cost every row of it).
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "record/logs/trial.h"

namespace xsweep {

/// Appends the row with its mark and newline.
void AppendLogRow(const Trial& trial, bool transcript_kept, std::string& out);

/// What a line of a log is worth.
struct LogRow {
  bool whole = false;       ///< it is what was written; false for damaged lines and for lines that are no rows
  bool marked = false;      ///< of this version: `transcript` says something
  bool transcript = false;  ///< a transcript of this trial and attempt was written before the row
};
/// `line` with its newline. An unmarked line counts as whole when it has the outer form of a row and no byte that JSON
/// lacks.
LogRow ReadLogRow(std::string_view line);

/// The index that a row starts with, without parsing the rest; empty when the line is no row of ours.
std::optional<std::uint64_t> RowIndex(std::string_view row);

/// The row as sealed files have it: without the mark, newline included. `storage` holds it where bytes had to change.
std::string_view WithoutMark(std::string_view line, std::string& storage);

}  // namespace xsweep
