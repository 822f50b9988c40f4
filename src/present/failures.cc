// Failures: why trials ended in an error or were skipped.
// SPDX-License-Identifier: Apache-2.0
#include "present/failures.h"

#include <algorithm>
#include <map>

#include "base/files.h"
#include "record/logs/trial.h"

namespace xsweep {
namespace {

bool MayHaveFailed(std::string_view row) {
  return row.find("\"outcome\":\"error\"") != std::string_view::npos ||
         row.find("\"outcome\":\"skipped\"") != std::string_view::npos;
}

}  // namespace

Expected<std::vector<FailureKind>> CountFailures(const std::filesystem::path& rows) {
  std::error_code ignored;
  if (!std::filesystem::exists(rows, ignored)) return std::vector<FailureKind>{};
  TRY_ASSIGN(const MappedFile file, MappedFile::Open(rows));
  std::map<std::pair<std::string, std::string>, FailureKind> kinds;
  for (std::string_view rest = file.bytes(); !rest.empty();) {
    const std::string_view row = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), row.size() + 1));
    if (!MayHaveFailed(row)) continue;
    const auto trial = ParseTrialRow(row, "");
    if (!trial || (trial->outcome != Outcome::kError && trial->outcome != Outcome::kSkipped)) continue;
    const std::string outcome(NameOf(trial->outcome));
    const std::string why(trial->error_kind ? NameOf(*trial->error_kind) : "");
    FailureKind& kind = kinds[{outcome, why}];
    if (kind.count++ == 0) kind = {outcome, why, 1, trial->error_message};
  }
  std::vector<FailureKind> sorted;
  sorted.reserve(kinds.size());
  for (auto& [key, kind] : kinds) sorted.push_back(std::move(kind));
  std::ranges::stable_sort(sorted, std::ranges::greater(), &FailureKind::count);
  return sorted;
}

}  // namespace xsweep
