// WriteTau: our rows and transcripts as entries of the result files of tau-bench v1 and tau2-bench.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "episode/roles.h"
#include "record/logs/trial.h"

namespace xsweep {

/// One row and its transcript (or nullptr) as an entry of v1's list, `trial` being its number there. What was not
/// graded is an error, as v1 has no other word for it.
Json AsTau1Entry(const Task& task, const Trial& row, std::uint32_t trial, const Transcript* transcript);
/// The same as one of tau2's simulations. Its times are the run's start and no duration: a row keeps no clock.
Json AsTau2Simulation(const Trial& row, std::uint32_t trial, const std::string& run_began_utc,
                      const Transcript* transcript);
/// A task with what tau2's own model of one asks for.
Json AsTau2Task(const Task& task);

}  // namespace xsweep
