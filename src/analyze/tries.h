// Tries to success: how many of an attack's trials have succeeded within so many tries.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyze/aggregate.h"
#include "stats/curve.h"

namespace xsweep {

struct TriesCurve {
  std::int64_t budget = 0;                ///< the most tries that a trial made
  std::vector<stats::CurvePoint> points;  ///< at 1, 2, 3, 5, 10 ... tries and at the budget
  std::optional<std::int64_t> half;  ///< tries within which half of the trials have succeeded; empty: not within it
};

/// Of a cell whose attack tries more than once. A trial that ended without success and without an error has failed at
/// every number of tries; one that an error cut off is known up to its last. Empty where nothing tried twice, and where
/// a success does not say which try it was.
std::optional<TriesCurve> TriesToSuccess(const CellAggregate& cell);

}  // namespace xsweep
