// DeskRules: what a kind of desk knows of its policy: which goals an attacker can have and what a call has changed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/draw.h"
#include "episode/roles.h"
#include "parts/environments/world/tools.h"
#include "parts/environments/world/world.h"

namespace xsweep {

/// One kind of desk, airline or retail, over either benchmark's records. Stateless and shared by all threads.
class DeskRules {
 public:
  virtual ~DeskRules() = default;

  /// The goals that Aim knows, by name.
  virtual const std::vector<std::string>& goals() const = 0;
  /// The tool calls that reach the goal for this task's customer, in this state. Fails with kUser when the goal is not
  /// one of `goals()` or there is nothing to aim at.
  virtual Expected<Goal> Aim(const GoalRequest& request, const State& state, const Task& task,
                             const Draws& draws) const = 0;
  /// What a call that was answered without an error has changed or revealed, with the policy's view of it. `before`
  /// and `after` are the states around it.
  virtual std::vector<Effect> Effects(const ToolCall& call, const ToolOutput& output, const State& before,
                                      const State& after, const Task& task) const = 0;
};

/// tau-bench v1 never stores a new cabin, so that goal is missing there.
const DeskRules& AirlineRulesTau2();
const DeskRules& AirlineRulesTau1();
const DeskRules& RetailRules();

}  // namespace xsweep
