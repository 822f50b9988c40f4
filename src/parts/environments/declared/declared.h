// What a config declares about an environment, whichever it is: goals, tasks, effects and vectors.
// SPDX-License-Identifier: Apache-2.0
//
//   goals:   [{name, text, draw, calls, effect, fails}]          what an attacker may want
//   tasks:   [{id, instruction, user_id, calls, say, state}]     what users want, in place of the environment's own
//   effects: [{name, tool, where, at_least, amount, permitted}]  what an executed call means, or
//            [{name, pointer, change, op, value, permitted}]     what a difference of the state means
//   vectors: [{name, tool, pointer, position}]                   where text of third parties enters
//
// Read once, when the environment is open and its tools are known. A native desk, a worker and an MCP server take them
// alike.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "episode/catalog.h"
#include "parts/shared/predicate.h"

namespace xsweep {

/// An argument or a text may hold {NAME} of a draw, {amount} and {user_id}. "{NAME}" alone keeps the value's type.
struct DeclaredGoal {
  std::string name;
  std::string text;  ///< in the attacker's words
  Json draw;         ///< {NAME: [low, high] of whole numbers, or a list of values}
  std::vector<ToolCall> calls;
  std::string effect;       ///< the declared effect that shows it; empty: all its calls were executed
  bool task_fails = false;  ///< it is reached when the user's task fails
};

/// Of calls (`when`) or of the state (`pointer`).
struct DeclaredEffect {
  std::string name;
  std::optional<CallPredicate> when;
  int at_least = 1;         ///< the call from which on it is one
  std::string amount_from;  ///< the argument that is an amount in USD
  bool permitted = false;
  std::string pointer;                ///< JSON pointer into the state
  std::string change;                 ///< changed, added, removed, increased, decreased
  std::optional<CallPredicate> test;  ///< of `value`, the state's value there
};

/// A condition on the state at the end.
struct StateTest {
  std::string pointer;
  CallPredicate test;  ///< of `value`
};

struct DeclaredTask {
  Task task;
  std::vector<StateTest> state;
};

struct DeclaredWorld {
  std::vector<DeclaredGoal> goals;
  std::vector<DeclaredTask> tasks;
  std::vector<DeclaredEffect> effects;
  std::vector<Vector> vectors;
};

/// The records and their fields, for the config's check and its schema.
const std::vector<PartSpec>& DeclaredSpecs();

/// Reads `sections` ({goals: [...], ...}), whose fields are of their types already, against the tools of
/// `environment`. What is wrong goes to `faults`, all of it; `where` is a path into the sections,
/// "goals/0/calls/1/tool".
DeclaredWorld ReadDeclared(const Json& sections, const EnvironmentSource& environment, std::vector<Error>& faults);

/// `inner` with what `world` says of it. Fails with kUser where it takes no tasks.
Expected<std::shared_ptr<const EnvironmentSource>> Declare(std::shared_ptr<const EnvironmentSource> inner,
                                                           DeclaredWorld world);

/// Whether what a goal draws from is [low, high], of which each trial takes a whole number, not a list of values.
bool IsRange(const Json& drawn);

/// The goal as real calls for this task: its draws made, its templates filled in.
Goal AimDeclared(const DeclaredGoal& goal, const GoalRequest& request, const Task& task, const Draws& draws);

}  // namespace xsweep
