// RunFacts: what a run says about itself in one line, never a number that pools arms.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "analyze/aggregate.h"

namespace xsweep {

/// Cells of the run that its headline, the index and the history speak of. All are empty in a run without rows.
struct RunFacts {
  /// The attacked grid cell with the highest attack success among those with a defense, or, where nothing in the grid
  /// is defended, among all. The first of equals; one without a rate only where none has one.
  const CellAggregate* worst = nullptr;
  bool defended = false;                   ///< whether it has a defense
  std::int64_t candidates = 0;             ///< cells among which it is the worst
  std::int64_t without_rate = 0;           ///< of those, without a rate
  const CellAggregate* control = nullptr;  ///< the same without a defense; empty where there is none, or it is `worst`
  /// Task success where nobody attacks: of the arm that shares the defense of `worst`, of several the lowest.
  const CellAggregate* benign = nullptr;
  std::int64_t benign_cells = 0;

  /// Task success that leads: of `benign`, otherwise under the attack of `worst`.
  const CellAggregate* utility() const;
};

/// References the run.
RunFacts FactsOf(const RunAggregate& run);

bool HasDefense(const CellAggregate& cell);
/// Trials of an attack were planned in this cell, seen or not.
bool UnderAttack(const CellAggregate& cell);
/// The run ended because its gates were decided: nobody needed what it skipped.
bool StoppedByItsGates(const RunFindings& run);
/// Nobody attacks in this cell.
bool Benign(const CellAggregate& cell);

}  // namespace xsweep
