// ModelSeats: the trials of an experiment as models: each has the simulated agent on a seat of its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "relay/seated_host.h"
#include "sweep/open/experiment.h"

namespace xsweep {

/// Seats `agent` (its options as in a config, its name "shim" or another that asks no model) in every trial of the
/// plan. The world of a seat is a fork of its own, in which the agent's calls are executed as their results come back.
class ModelSeats {
 public:
  /// Fails with kUser: SHIM cannot play this config, options that its parts refuse.
  static Expected<std::unique_ptr<ModelSeats>> Open(const Experiment& experiment);

  std::uint64_t size() const { return experiment_.plan.size(); }
  /// The trial's seat. Fails with kUser beyond the plan, or where the goal cannot be aimed at the task.
  Expected<std::shared_ptr<SeatedModel>> At(std::uint64_t index) const;
  /// The first trial whose user says what stands in the ask; fails with kUser when nobody says it.
  Expected<std::uint64_t> FindByWords(const ModelAsk& ask) const;
  /// What a harness needs to play it: task, seed, trial, the user's words, the policy, the tools.
  Expected<Json> Describe(std::uint64_t index, const std::string& address) const;

 private:
  struct Seat;
  struct CellParts {
    PartFactory<Agent> agent;
    GoalRequest goal;
  };
  explicit ModelSeats(const Experiment& experiment) : experiment_(experiment) {}
  std::size_t PlaceOf(const TrialIdentity& identity) const;

  const Experiment& experiment_;
  std::vector<CellParts> cells_;
};

/// /trial/INDEX/v1/... for each trial, and /v1/... for the first one whose words are said.
std::shared_ptr<ModelHost> HostSeats(const ModelSeats& seats, std::string address);

}  // namespace xsweep
