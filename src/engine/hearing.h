// Hearing: one dialogue, held once and judged for every trial that shares it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/async.h"
#include "engine/trial_row.h"
#include "episode/catalog.h"
#include "plan/plan.h"

namespace xsweep {

/// A cell's parts, ready to be made for each of its trials.
struct PreparedCell {
  const Cell* cell;
  AttackPlan attack;
  PartFactory<Agent> agent;
  PartFactory<Defense> defense;
  PartFactory<Judge> judge;
  ModelSet models;
  std::string policy_hash;
  std::string judge_hash;
};

/// What is to be heard. Everything outlives the hearing.
struct Hearing {
  const SweepConfig& config;
  const EnvironmentSource& environment;
  std::size_t task;  ///< place in the environment
  Draws draws;
  EpisodeLimits limits;
  Surroundings around;
  std::vector<const PreparedCell*> cells;  ///< of each trial; they differ only in who judges
  std::vector<TrialRecord> records;        ///< their rows, begun
};

/// Holds the dialogue as the first trial's cell plays it and judges it for all. What goes wrong is an error in the
/// rows; an Error is returned only when a person interrupted it.
///
/// An attack that stops at success stops when all judges see one, and each judge is asked about the dialogue as it was
/// where it saw one first (engine/jury.h). What the dialogue took stands in the first row, whoever it went on for.
Async<Expected<std::vector<TrialRecord>>> Hear(Hearing hearing);

}  // namespace xsweep
