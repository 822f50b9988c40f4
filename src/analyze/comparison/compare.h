// Compare: two runs side by side, cell by cell; what got better or worse, and what cannot be told.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyze/comparison/calibration.h"
#include "analyze/comparison/difference.h"
#include "analyze/comparison/obstacles.h"

namespace xsweep {

/// What two runs may differ in beside the agent.
enum class PartSide : std::uint8_t { kAgent, kAttack, kDefense, kJudge, kEnvironment };

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

/// A part whose config is not the same in both runs, as text for people: "threshold 200, 300".
struct PartDifference {
  PartSide part = PartSide::kAgent;
  std::string words;
};

struct CompareOptions {
  Adjustment adjustment = Adjustment::kMaxT;
  /// From the configs, which analysis does not read. Rows that name what they were made from overrule it.
  std::vector<PartDifference> parts;
  bool accept_invalid = false;  ///< damaged rows forbid nothing; it is said all the same
  bool detectable = true;       ///< say what could have been seen where nothing is distinguishable
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
  Adjustment adjustment = Adjustment::kMaxT;
  bool same_dialogues = false;    ///< one run's judge was asked about the other's dialogues: every pair is exact
  std::vector<Finding> findings;  ///< of both readings
  std::vector<CellCorrection> corrected;  ///< by labels of people, where both runs have enough

  bool comparable() const;
  /// Attack success is; with two judges only over the same dialogues.
  bool attacks_comparable() const;
  /// Neither run is damaged or has more errors than it allows.
  bool valid() const { return Find(ObstacleKind::kRows) == nullptr && Find(ObstacleKind::kErrors) == nullptr; }
  /// The first obstacle of that kind; nullptr without one.
  const Obstacle* Find(ObstacleKind kind) const;
};

/// b against a. `asr` and `task_success` are adjusted as two families over the cells. Where the judge differs, attack
/// success is not compared. Fails as ReadTrialTable does.
Expected<RunComparison> CompareRuns(const std::string& directory_a, const std::string& directory_b,
                                    const CompareOptions& options = {});

}  // namespace xsweep
