// PlanCheck: whether a row is the one that the run planned at its index.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "analyze/trial_reader.h"
#include "record/manifest.h"

namespace xsweep {

/// Trials are numbered cell by cell, in them task by task, seed by seed, repetition by repetition (plan/plan.h); what a
/// run.json says of these is enough to tell rows of another run. Rows in plan order cost a few comparisons. The
/// manifest must outlive it. One per thread.
class PlanCheck {
 public:
  /// A manifest whose numbers do not multiply to its plan (older versions, rows without a run.json) lets all rows pass.
  explicit PlanCheck(const Manifest& run);

  /// False for an index beyond the plan and for another cell, task, seed or repetition than it stands for.
  bool Fits(const TrialRow& row);

 private:
  void GoTo(std::uint64_t index);
  void Step();

  const Manifest& run_;
  bool known_ = false;
  std::uint64_t index_ = 0;  ///< where the four below stand
  std::size_t cell_ = 0;
  std::size_t task_ = 0;
  std::size_t seed_ = 0;
  std::uint32_t trial_ = 0;
};

}  // namespace xsweep
