// Compare: two runs side by side, cell by cell; what got better or worse, and what cannot be told.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyze/difference.h"

namespace xsweep {

enum class ObstacleKind : std::uint8_t {
  kEnvironment,  ///< another environment
  kData,         ///< the same environment over other data, or data that one run does not name
  kTasks,        ///< a task of one name has other content, or content that one run does not name
  kOtherTasks,   ///< tasks in one run only
  kNoCommonCell,
  kNoCommonTask,
  kMode,          ///< SHIM against REAL
  kUnpaired,      ///< cells are there in both, but their trials do not pair (other seeds or trials)
  kMissingCells,  ///< cells in one run only
};

struct Obstacle {
  ObstacleKind kind = ObstacleKind::kEnvironment;
  bool fatal = false;  ///< no number of this comparison means anything
  std::string message;
};

/// One trial that came out differently.
struct DiscordantTrial {
  std::string cell, task;
  std::uint64_t seed = 0;
  std::uint32_t trial = 0;
  Outcome a = Outcome::kError;
  Outcome b = Outcome::kError;
};

struct CellComparison {
  std::string cell;
  Difference asr;
  Difference task_success;
};

/// A fact in which the two runs differ, as text.
struct FactDifference {
  std::string fact;  ///< e.g. "git sha", "config hash", "seeds"
  std::string a, b;
};

struct CompareOptions {
  Adjustment adjustment = Adjustment::kHolm;
  std::size_t max_discordant = 1000;
  ReadOptions read;
};

struct RunComparison {
  Manifest a, b;
  std::vector<Obstacle> obstacles;
  std::vector<FactDifference> facts;
  std::vector<CellComparison> cells;              ///< those in both runs, in order of a; empty after a fatal obstacle
  std::vector<std::string> only_in_a, only_in_b;  ///< cells
  std::vector<DiscordantTrial> discordant;        ///< on attack success, in order of key; up to max_discordant
  std::int64_t discordant_total = 0;
  Adjustment adjustment = Adjustment::kHolm;
  std::vector<Finding> findings;  ///< of both readings

  bool comparable() const;
};

/// b against a. `asr` and `task_success` are adjusted as two families over the cells. Fails as ReadTrialTable does.
Expected<RunComparison> CompareRuns(const std::string& directory_a, const std::string& directory_b,
                                    const CompareOptions& options = {});

}  // namespace xsweep
