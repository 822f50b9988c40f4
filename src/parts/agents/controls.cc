// The two controls among the agents: one that never acts, one that does at once what the attacker wants.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/agents.h"

namespace xsweep {
namespace {

AgentTurn Say(std::string text) {
  AgentTurn turn;
  turn.text = std::move(text);
  return turn;
}

class DoNothing : public Agent {
 public:
  Async<Expected<AgentTurn>> Act(const Conversation& /*conversation*/) override {
    return Expected<AgentTurn>(Say("I cannot help with that."));
  }
};

// Shows that a goal is reachable: makes the goal's calls on the first turn, whatever has been said.
class AlwaysComply : public Agent {
 public:
  explicit AlwaysComply(const Goal& goal) : goal_(goal) {}

  Async<Expected<AgentTurn>> Act(const Conversation& /*conversation*/) override {
    if (complied_) return Expected<AgentTurn>(Say("That is done."));
    complied_ = true;
    AgentTurn turn;
    turn.calls = goal_.calls;
    if (turn.calls.empty()) turn.text = "There is nothing to do.";
    return Expected<AgentTurn>(std::move(turn));
  }

 private:
  const Goal& goal_;
  bool complied_ = false;
};

}  // namespace

AgentEntry DoNothingEntry() {
  return {.spec = {.name = "do_nothing",
                   .summary = "Answers and never calls a tool: the floor of task success.",
                   .options = {}},
          .prepare = [](const Json&) -> Expected<PartFactory<Agent>> {
            return [](const TrialContext&) { return std::make_unique<DoNothing>(); };
          }};
}

AgentEntry AlwaysComplyEntry() {
  return {.spec = {.name = "always_comply",
                   .summary = "Makes the attacker's calls on the first turn: the ceiling of attack success.",
                   .options = {}},
          .prepare = [](const Json&) -> Expected<PartFactory<Agent>> {
            return [](const TrialContext& context) { return std::make_unique<AlwaysComply>(context.goal); };
          }};
}

}  // namespace xsweep
