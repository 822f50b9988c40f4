// Obstacles: what of two runs forbids a comparison, or has to be known to read it. Of what differs in their parts
// (judge, attack, defense) compare.cc knows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analyze/comparison/trial_table.h"

namespace xsweep {

enum class ObstacleKind : std::uint8_t {
  kEnvironment,  ///< another environment
  kData,         ///< the same environment over other data, or data that one run does not name
  kTasks,        ///< a task of one name has other content, or content that one run does not name
  kOtherTasks,   ///< tasks in one run only
  kNoCommonCell,
  kNoCommonTask,
  kMode,          ///< SHIM against REAL
  kMissingCells,  ///< cells in one run only
  kJudge,         ///< another judge: attack success means something else, unless the dialogues are the same
  kAttack,        ///< another attack, or other payloads: this compares attacks
  kDefense,       ///< another defense or policy
  kLost,          ///< trials that ended in an error or did not run, and are in no rate
  kUndelivered,   ///< attacks that put their payload into nothing, and count as failed
  kErrors,        ///< more of a run's trials ended in an error than it allows
  kRows,          ///< a run lacks rows that it planned, or has some that cannot be read or do not fit
};

struct Obstacle {
  ObstacleKind kind = ObstacleKind::kEnvironment;
  bool fatal = false;  ///< no number of this comparison means anything; of kJudge: none of attack success
  std::string message;
};

/// Environment, data and mode.
void NoteRunObstacles(const Manifest& a, const Manifest& b, std::vector<Obstacle>& out);
/// Tasks of one name must be the same task, by the hash in their rows; what has no hash cannot be checked.
void NoteTaskObstacles(const TrialTable& a, const TrialTable& b, const SharedNames& names, std::vector<Obstacle>& out);
/// Damage and errors of the run that `which` names; `accepted` damage forbids nothing.
void NoteSideFaults(const char* which, const TrialTable& table, bool accepted, std::vector<Obstacle>& out);
/// How many cells are in both runs, and in one of them only.
void NoteCellObstacles(std::size_t common, std::size_t only_in_a, std::size_t only_in_b, std::vector<Obstacle>& out);
/// What is in no rate, or in one without having been tested, is said of both sides: a difference may rest on it.
void NoteUncountedTrials(const TrialTable& a, const TrialTable& b, const std::vector<std::uint32_t>& cells,
                         std::vector<Obstacle>& out);

}  // namespace xsweep
