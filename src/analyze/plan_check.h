// PlanCheck: whether a row is the one that the run planned at its index.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "analyze/trial_reader.h"
#include "record/manifest.h"

namespace xsweep {

/// Trials are numbered cell by cell, in them task by task, seed by seed, repetition by repetition (plan/plan.h); what a
/// run.json says of these is enough to tell rows of another run. Rows in plan order cost a few comparisons. An import
/// is a list of episodes and no grid, numbered as its source has them, even where as many are there as a grid would
/// have: its rows must be of its cells, tasks, seeds and repetitions, in any order. The manifest must outlive it. One
/// per thread.
class PlanCheck {
 public:
  /// A manifest whose numbers do not multiply to its plan (older versions, rows without a run.json) lets all rows pass.
  explicit PlanCheck(const Manifest& run);

  /// False for an index beyond the plan and for another cell, task, seed or repetition than it stands for; of an
  /// import, for one that it does not have at all.
  bool Fits(const TrialRow& row);
  /// Whether the outcome of a row that fits cannot be: that of an attack where the plan has none or the other way
  /// round, skipped in a run that nothing stopped, seen and yet not exposed, or executed and yet resisted or blocked in
  /// a cell whose judge finds success in nothing else than that; of an import the first two only. Asked right after
  /// Fits.
  bool Contradicts(const TrialRow& row) const;

 private:
  void GoTo(std::uint64_t index);
  void Step();
  bool IsListed(const TrialRow& row);

  const RunDesign& run_;
  bool known_ = false;
  bool nothing_stopped_ = false;
  bool listed_ = false;  ///< an import; the two below are filled only then
  std::unordered_map<std::string_view, const CellRecord*> cells_;
  std::unordered_set<std::string_view> tasks_;
  const CellRecord* listed_cell_ = nullptr;  ///< of the row that Fits was asked of last
  std::uint64_t index_ = 0;                  ///< where the four below stand
  std::size_t cell_ = 0;
  std::size_t task_ = 0;
  std::size_t seed_ = 0;
  std::uint32_t trial_ = 0;
};

}  // namespace xsweep
