// TrialRunner: one trial from identity to row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/async.h"
#include "config/sweep_config.h"
#include "engine/hearing.h"
#include "engine/trial_row.h"
#include "episode/catalog.h"
#include "episode/run_episode.h"
#include "plan/plan.h"
#include "record/logs/trial.h"

namespace xsweep {

/// The models of a cell; in SHIM a set without models.
using ModelsOfCell = std::function<Expected<ModelSet>(const Cell& cell)>;

/// Holds what all trials of a run share: the prepared parts of every cell and their hashes. Immutable once made, so
/// threads share it; everything a trial changes is made for it.
class TrialRunner {
 public:
  /// Prepares every cell. Fails with kUser for options that a part refuses.
  static Expected<TrialRunner> Prepare(const SweepConfig& config, const Plan& plan, const Catalog& catalog,
                                       std::shared_ptr<const EnvironmentSource> environment,
                                       const ModelsOfCell& models);

  /// Holds one dialogue and judges it for every trial that shares it (plan/dialogues.h; the first of `trials` holds
  /// it), a record each in their order. What goes wrong is a row with outcome `error` (or `skipped` when the budget is
  /// gone); an Error is returned only when a person interrupted it, and then there are no rows. What the dialogue took
  /// stands in the first row alone, what a judge took in its own: sums over rows count nothing twice.
  Async<Expected<std::vector<TrialRecord>>> Run(std::span<const TrialIdentity> trials, Surroundings around) const;
  /// The same for one trial, whatever it shares with others.
  Async<Expected<TrialRecord>> Run(TrialIdentity identity, Surroundings around) const;
  /// Whether holding a dialogue of this cell again gives the same one: not with an agent that is a foreign program.
  bool Repeats(std::uint32_t cell) const;
  /// The row of a recorded trial as this plan's judge sees its dialogue: nobody but the judge is asked anything, and
  /// `usage` is what that took. Task success stays as it was. An error keeps its error; a success of a dialogue that
  /// broke off is one only as long as the judge says so.
  Async<Expected<Trial>> Rejudge(TrialIdentity identity, Trial before, std::shared_ptr<const Transcript> dialogue,
                                 Surroundings around) const;
  /// The row of a trial that was not started because of `why` (a budget).
  TrialRecord Skip(TrialIdentity identity, const Error& why) const;

 private:
  TrialRunner(const SweepConfig& config, std::shared_ptr<const EnvironmentSource> environment);
  Trial StartRow(const TrialIdentity& identity) const;

  const SweepConfig* config_;
  std::shared_ptr<const EnvironmentSource> environment_;
  std::vector<std::size_t> task_places_;  ///< plan task -> index in the environment
  std::vector<PreparedCell> cells_;
  EpisodeLimits limits_;
};

}  // namespace xsweep
