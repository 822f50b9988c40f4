// Failures: why trials ended in an error or were skipped, counted from a run's rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace xsweep {

/// One reason with an example of its message. Foreign text: escape it before showing it.
struct FailureKind {
  std::string outcome;  ///< "error" or "skipped"
  std::string kind;
  std::int64_t count = 0;
  std::string example;  ///< message of the first such trial in the file
};

/// Kinds of failure in a file of rows, most frequent first. Only rows that failed are parsed, so a run without failures
/// costs one pass over its bytes. Rows that cannot be parsed are left out; a missing file has no failures.
Expected<std::vector<FailureKind>> CountFailures(const std::filesystem::path& rows);

}  // namespace xsweep
