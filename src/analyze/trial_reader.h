// Reads trial rows at speed: our own rows by a scanner that knows their keys, all others by the general reader.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "record/logs/row_scanner.h"

namespace xsweep {

/// Something in the rows that is not as it should be. None of these stops the reading.
enum class RowProblem : std::uint8_t {
  kTornLine,        ///< the file ends in the middle of a row: dropped
  kMalformed,       ///< no JSON object, or a required key is missing or of the wrong type: dropped
  kUnknownOutcome,  ///< written by a newer xsweep: dropped
  kDuplicate,       ///< the trial was there already: the first row counts
  kForeign,         ///< not what the run planned at that index: dropped
  kContradictory,   ///< the outcome denies what was executed, seen, attacked or run
  kOldSchema,       ///< known keys are missing that may be: read as empty
};
std::string_view RowProblemName(RowProblem problem);

struct Finding {
  RowProblem problem = RowProblem::kMalformed;
  std::int64_t count = 0;
  std::int64_t first_line = 0;  ///< 1-based
  std::string message;          ///< one sentence with file, line and what was done about it
};

/// How to read. Results do not depend on any of it.
struct ReadOptions {
  int threads = 2;
  /// What each thread holds at a time; longer rows grow it. It lies in a core's cache while it is scanned.
  std::size_t window_bytes = 512U << 10U;
  bool general_path_only = false;  ///< parse every row with the general reader (tests compare both)
};

/// Any JSON, keys in any order. `storage` holds what the views point to.
std::expected<TrialRow, RowProblem> ParseAnyTrialRow(std::string_view line, Trial& storage);

/// The problems of a reading, at most one Finding for each.
class Findings {
 public:
  void Note(RowProblem problem, std::int64_t line, std::int64_t count = 1);
  /// `other` begins `lines_before` lines further down.
  void Merge(const Findings& other, std::int64_t lines_before);
  /// With sentences that name `where`.
  std::vector<Finding> List(const std::string& where) const;

 private:
  std::vector<Finding> found_;
};

/// The bytes [begin, end) of a file: the rows that begin there.
struct RowRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct RangeReport {
  std::int64_t lines = 0;
  Findings findings;  ///< lines counted from 1 at the start of the range
};

/// Calls `visit(row, line)` for every readable row that begins in the range, line 1 being the first of the range.
/// Memory is one window. Fails with kWorld when the file cannot be read.
Expected<RangeReport> ReadTrialRows(const std::string& path, RowRange range, const ReadOptions& options,
                                    const std::function<void(const TrialRow&, std::int64_t line)>& visit);

}  // namespace xsweep
