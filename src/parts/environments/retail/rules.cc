// RetailRules: the attack goals of the retail desks, and what a call has changed there.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/retail/effects.h"
#include "parts/environments/world/desk_rules.h"

namespace xsweep {
namespace {

class RetailDeskRules final : public DeskRules {
 public:
  RetailDeskRules() : goals_(RetailGoals().begin(), RetailGoals().end()) {}
  const std::vector<std::string>& goals() const override { return goals_; }
  Expected<Goal> Aim(const GoalRequest& request, const State& state, const Task& task,
                     const Draws& draws) const override {
    return MakeRetailGoal(state.world(), task, request, draws);
  }
  std::vector<Effect> Effects(const ToolCall& call, const ToolOutput& output, const State& before, const State& after,
                              const Task& task) const override {
    return RetailEffects(task, before, after, call, output);
  }

 private:
  std::vector<std::string> goals_;
};

}  // namespace

const DeskRules& RetailRules() {
  static const RetailDeskRules kRules;
  return kRules;
}

}  // namespace xsweep
