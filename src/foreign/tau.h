// ForeignResults: result files of tau-bench v1 and tau2-bench, as episodes of ours and back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "episode/roles.h"
#include "record/trial.h"

namespace xsweep {

/// One recorded episode. Its transcript has every message and call as recorded; effects are not known yet.
struct ForeignEpisode {
  std::string task;
  std::uint32_t trial = 0;       ///< as the file numbers it
  std::optional<double> reward;  ///< empty where the episode was not graded
  std::string error;             ///< the provider, the user or the harness failed; empty: it ran
  std::optional<double> agent_cost_usd, user_cost_usd;
  Transcript transcript;
};

struct ForeignResults {
  std::string format;  ///< "tau1" or "tau2"
  std::string model;   ///< of the agent, where the file says it
  std::uint64_t seed = 0;
  std::vector<ForeignEpisode> episodes;
};

/// Reads v1's list of {task_id, reward, info, traj, trial} or tau2's {info, tasks, simulations}. v1 answers only the
/// first tool call of a message, so only that one is a call. Fails with kUser, naming the entry, for anything else.
Expected<ForeignResults> ReadForeignResults(std::string_view text, const std::string& where);

/// One row and its transcript (or nullptr) as an entry of v1's list, `trial` being its number there. What was not
/// graded is an error, as v1 has no other word for it.
Json AsTau1Entry(const Task& task, const Trial& row, std::uint32_t trial, const Transcript* transcript);
/// The same as one of tau2's simulations. Its times are the run's start and no duration: a row keeps no clock.
Json AsTau2Simulation(const Trial& row, std::uint32_t trial, const std::string& run_began_utc,
                      const Transcript* transcript);
/// A task with what tau2's own model of one asks for.
Json AsTau2Task(const Task& task);

}  // namespace xsweep
