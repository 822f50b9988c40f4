// GateCells: which cells of a run a gate asks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "analyze/aggregate.h"
#include "analyze/gates/gate.h"

namespace xsweep {

/// The cells that a gate concerns, in plan order. Control arms are there to be compared with; only what has no attack
/// may speak for utility.
std::vector<const CellAggregate*> CellsConcerned(const Gate& gate, const RunAggregate& run);

/// Why there is none, for a gate that concerns no cell.
std::string WhyNoCell(const Gate& gate, const RunAggregate& run);

}  // namespace xsweep
