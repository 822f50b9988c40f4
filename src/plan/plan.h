// Plan: grid x tasks x seeds x trials as an ordered list with stable identities, never held in memory as a list.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/sweep_config.h"
#include "plan/dialogues.h"

namespace xsweep {

/// One point of the grid: the five roles as this cell plays them.
struct Cell {
  std::uint32_t index = 0;
  std::string id;  ///< stable and readable: "defense.name=none,judge.threshold=100"; "base" without axes; controls
                   ///< end in "+no_attack" or "+no_defense". Unique in a plan; letters, digits and _.-+,=:;()[]%~ only
  std::string hash;      ///< 16 hex digits over the cell's resolved roles
  std::string dialogue;  ///< 16 hex digits over all that comes before the judge: cells with equal ones hold the same
                         ///< dialogues
  Arm arm = Arm::kGrid;
  std::vector<std::pair<std::string, Json>> axes;  ///< path and value, one for each axis in the order of the grid; in a
                                                   ///< control arm what lies in the replaced section is "none" or null
  PartConfig environment, agent, attack, defense, judge;
  ModelsConfig models;  ///< so that an axis can range over models; with `price` wherever it is known
};

/// Names one trial: which cell, which task, which seed, which repetition.
struct TrialIdentity {
  std::uint64_t index = 0;  ///< place in the plan
  std::uint32_t cell = 0;
  std::uint32_t task = 0;  ///< index into Plan::tasks
  std::uint64_t seed = 0;
  std::uint32_t trial = 0;
};

/// Trials are numbered cell by cell, then task, then seed, then repetition. Everything is computed from the index, so
/// a plan of ten million trials takes no more memory than its cells, tasks and seeds.
class Plan {
 public:
  Plan(std::vector<Cell> cells, std::vector<std::string> tasks, std::vector<std::uint64_t> seeds, std::uint32_t trials);

  std::uint64_t size() const;
  TrialIdentity At(std::uint64_t index) const;
  const std::vector<Cell>& cells() const { return cells_; }
  const std::vector<std::string>& tasks() const { return tasks_; }
  const std::vector<std::uint64_t>& seeds() const { return seeds_; }
  std::uint32_t trials() const { return trials_; }
  /// Which of the trials are one dialogue. Whoever runs a plan goes by these, not by trials.
  const Dialogues& dialogues() const { return dialogues_; }

 private:
  std::vector<Cell> cells_;
  std::vector<std::string> tasks_;
  std::vector<std::uint64_t> seeds_;
  std::uint32_t trials_;
  Dialogues dialogues_;
};

/// The cells of a config: every combination of the grid's values (the last axis varies fastest), then, with
/// `controls: true`, one no-attack arm per distinct rest of the roles and one no-defense arm per distinct rest, each
/// only where no cell plays the same roles already. A no-attack arm has no attacker model, a no-defense arm no defense
/// model. An axis over an option that a cell's part does not take leaves that cell's part as it is. Fails with kUser
/// for more than kMostCells cells.
inline constexpr std::uint64_t kMostCells = 100'000;
Expected<std::vector<Cell>> ExpandCells(const SweepConfig& config);

/// What to say of a task that is not among those of the environment, with a suggestion.
std::string NoSuchTask(const SweepConfig& config, const std::string& id, const std::vector<std::string>& tasks);

/// `tasks` are all task ids of the environment, in its order; the config may choose among them. Fails with kUser,
/// with a suggestion, for a task that is not there, and for more than 10^15 trials.
Expected<Plan> MakePlan(const SweepConfig& config, const std::vector<std::string>& tasks);

/// Which dialogues belong to shard `index` of `count` (0 <= index < count): a contiguous range [begin, end) of `size`.
std::pair<std::uint64_t, std::uint64_t> ShardRange(std::uint64_t size, std::uint32_t index, std::uint32_t count);

}  // namespace xsweep
