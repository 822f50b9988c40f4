// Obstacles: what of two runs forbids a comparison, or has to be known to read it. Of what differs in their parts
// (judge, attack, defense) compare.cc knows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyze/comparison/compare.h"
#include "analyze/comparison/trial_table.h"

namespace xsweep {

/// Environment, data and mode.
void NoteRunObstacles(RunComparison& out);
/// Tasks of one name must be the same task, by the hash in their rows; what has no hash cannot be checked.
void NoteTaskObstacles(const TrialTable& a, const TrialTable& b, const SharedNames& names, RunComparison& out);
/// Damage and errors of the run that `which` names; `accepted` damage forbids nothing.
void NoteSideFaults(const char* which, const TrialTable& table, bool accepted, RunComparison& out);
/// Cells of one run only; `common` are in both.
void NoteCellObstacles(RunComparison& out, std::size_t common);
/// What is in no rate, or in one without having been tested, is said of both sides: a difference may rest on it.
void NoteUncountedTrials(const TrialTable& a, const TrialTable& b, const std::vector<std::uint32_t>& cells,
                         RunComparison& out);

}  // namespace xsweep
