// GateEvidence: the trials of one cell that a gate looks at, and the bounds that they give at any confidence.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyze/gates/gate.h"
#include "stats/lost.h"

namespace xsweep {

/// What a gate looks at, whether a rate or a difference of two runs. References the aggregate and the comparison.
struct Evidence {
  std::string cell;
  const CellAggregate* cell_aggregate = nullptr;  ///< empty for the run as a whole
  std::vector<stats::LostTask> tasks;             ///< of a rate: tasks with a trial that counts or was lost
  std::int64_t k = 0;                             ///< of a rate: success within k trials; 0: of one
  const Difference* difference = nullptr;         ///< of a `vs`
  std::int64_t n = 0;                             ///< trials that count; of a difference those of the smaller side
  std::int64_t successes = 0;
  std::int64_t lost = 0;
  std::string why_nothing;  ///< why there is no estimate

  std::optional<double> estimate() const;
};

/// What of each task ended, without its lost trials.
std::vector<stats::Cluster> EndedOf(const std::vector<stats::LostTask>& tasks);

Evidence EvidenceOf(const Gate& gate, const CellAggregate& cell);
/// `difference` may be empty: the cell is not in both runs.
Evidence EvidenceOf(const CellAggregate& cell, const Difference* difference);
/// Errors over trials that ended, of the whole run.
Evidence ErrorEvidence(const RunAggregate& run);

/// The interval for the gate's target; empty where there is none, as with one task for other tasks.
std::optional<stats::Interval> BoundsOf(const Gate& gate, const Evidence& evidence, double confidence);
/// Its upper or lower end, as the gate asks.
double BoundOf(const Gate& gate, const stats::Interval& bounds);

/// Whether the gate holds had all lost trials been as bad for it as can be.
bool PassesWithLost(const Gate& gate, const Evidence& evidence, double confidence);
/// The largest share of lost trials that may have been bad for PASS to stand; empty where it never does, or for @K and
/// differences.
std::optional<double> TippingShareOf(const Gate& gate, const Evidence& evidence, double confidence);

/// Complete rounds: trials of every task, lost ones among them unless the gate takes errors as seen; empty where tasks
/// have unequal numbers.
std::optional<std::int64_t> RoundsOf(const Gate& gate, const Evidence& evidence);

}  // namespace xsweep
