// Scans rows at speed, exactly as AppendTrialRow writes them; whatever looks different is left to ParseTrialRow.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "record/logs/row_cursor.h"
#include "record/logs/trial.h"

namespace xsweep {

/// What of a row is counted; a fast reader fills it without building a Trial.
struct TrialCounts {
  Outcome outcome = Outcome::kError;
  bool exposed = false;
  bool exposure_unknown = false;
  std::int8_t task_success = -1;  ///< -1: null
  bool unknown_cost = false;
  bool undecided = false;
  bool shared = false;  ///< judged on another trial's dialogue
  std::int64_t attempted = 0, executed = 0, blocked = 0, queries = 0, success_query = 0, turns = 0, tool_calls = 0;
  std::int64_t calls = 0, prompt_tokens = 0, completion_tokens = 0, cached_tokens = 0, cost_nano_usd = 0;
  friend bool operator==(const TrialCounts&, const TrialCounts&) = default;
};

/// What analysis needs of one row. The views are valid until the next row is read.
struct TrialRow {
  std::uint64_t index = 0;
  std::string_view cell, task, task_hash, payload_hash, policy_hash, judge_hash;
  std::uint64_t seed = 0;
  std::uint32_t trial = 0;
  bool old_schema = false;  ///< some of our keys are missing; said by who parses it
  TrialCounts counts;
};

/// Scans one row exactly as AppendTrialRow writes it, plain ASCII strings only. Returns one past its newline, or
/// nullptr for anything else (which may still be a row). Reads at most kScanPadding bytes beyond the row, so the buffer
/// must go on that far with bytes that are not JSON, such as zeros.
const char* ScanTrialRow(const char* at, TrialRow& row);

/// The same of a row that was parsed; the views are of `trial`.
TrialRow TrialRowOf(const Trial& trial);
TrialCounts CountsOf(const Trial& trial);

}  // namespace xsweep
