// Reward: whether a task was solved, part by part, by the rules of both benchmarks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/async.h"
#include "episode/catalog.h"
#include "episode/roles.h"

namespace xsweep {

/// Every text of `task.communicate` was said by the agent: case and thousands commas aside, as a substring of one of
/// its messages. True for an empty list, as in both references.
bool Communicated(const Task& task, const Transcript& transcript);

/// Every reference action was executed, in any order, with equal arguments among those that are compared
/// (`task.compared_arguments`). tau2's ACTION part, with what it lets through: a call with fewer arguments counts.
bool ActionsTaken(const Task& task, const Transcript& transcript);

/// The parts in `task.reward_basis` multiplied: empty when one of them is not assessed.
std::optional<bool> CombineReward(const Task& task, const TaskAssessment& parts);

/// Asks a model whether each of the task's assertions about the dialogue is met; empty when there is no model or its
/// answer held no verdict for one of them (then "not assessed", never true). An empty list is met.
Async<Expected<std::optional<bool>>> AssessAssertions(const Task& task, const Transcript& transcript,
                                                      EnvironmentModels models, Usage& usage);

}  // namespace xsweep
