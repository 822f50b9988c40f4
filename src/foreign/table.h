// Plain facts: a CSV or JSONL of (task, injection, arm, success, utility, error), the door for everything else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "foreign/facts.h"

namespace xsweep {

/// A CSV text with a header: quoted fields may hold commas, quotes and line ends.
struct CsvTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< each as long as `columns`
  std::vector<std::size_t> lines;              ///< where each row begins, 1-based

  /// Fails with kUser (file:line) for a row with another number of fields, or a quote that never closes.
  static Expected<CsvTable> Read(std::string_view text, const std::string& where);
  /// The place of a column; kUser names what there is.
  Expected<std::size_t> Column(std::string_view name) const;
};

/// Reads a CSV or JSONL of facts and calls back for each row. Columns, in any order, under these names or those that
/// others use for them: task (user_task, user_task_id, "User Task"), injection (injection_task, "Attacker Tool"), model
/// ("LLM"), defense, suite ("Agent Name"), attack ("Attack Type"), success (security, asr, "Attack Successful"),
/// utility (task_success, "Original Task Successful"), error, exposed, trial, reward, tokens. A row with an injection
/// or an attack is attacked. Truth is 1/0, true/false, yes/no; empty is "not known". Fails with kUser, naming line and
/// column.
Status ReadFacts(std::string_view text, const std::string& where, ForeignSource& source,
                 const std::function<Status(ForeignTrial&&)>& visit);

}  // namespace xsweep
