// SideFaults: why one run is no side of a comparison.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/side_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "analyze/numbers.h"

namespace xsweep {
namespace {

/// What a run has lost is no result of it: whatever the rest says is said of the rest.
std::string DamageWords(const TrialTable& table) {
  const std::uint64_t rows = table.trials.size();
  const std::uint64_t planned = table.run.planned;
  std::string words;
  if (rows < planned) {
    words = fmt::format("{} of the {} trials that were planned and run have no readable row", planned - rows, planned);
  }
  for (const Finding& finding : table.findings) {
    if (finding.problem == RowProblem::kOldSchema) continue;
    words += fmt::format("{}{} ({})", words.empty() ? "" : ", ", RowProblemName(finding.problem), finding.count);
  }
  return words;
}

std::string ErrorWords(const TrialTable& table) {
  const auto count = [&](auto matches) { return std::ranges::count_if(table.trials, matches, &TrialOutcome::outcome); };
  const auto errors = count([](Outcome outcome) { return outcome == Outcome::kError; });
  const auto ended = count([](Outcome outcome) { return outcome != Outcome::kSkipped; });
  const auto limit = table.run.max_error_rate;
  if (!limit || ended == 0) return {};
  const double rate = static_cast<double>(errors) / static_cast<double>(ended);
  if (rate <= *limit) return {};
  return fmt::format("{} of {} trials ended in an error ({}), more than the {} that max_error_rate allows", errors,
                     ended, Percent(rate), Percent(limit));
}

}  // namespace

SideFaults FaultsOf(const TrialTable& table) { return {DamageWords(table), ErrorWords(table)}; }

}  // namespace xsweep
