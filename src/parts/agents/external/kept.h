// KeptAgent: keeps every turn of a foreign agent as an exchange, and plays the kept turns in a replay.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "episode/catalog.h"
#include "episode/model.h"

namespace xsweep {

/// What stands in the place of the agent's model in a run with external agents (`ModelSet::agent`): it keeps the turns
/// of an agent that is no model of ours as exchanges beside those of models, so that a run can be judged again without
/// the agent. Asked as a model it fails: there is none.
class TurnKeeper : public Model {
 public:
  std::string_view name() const override { return "external"; }
  Async<Expected<ModelReply>> Complete(const ModelRequest&) override {
    return Expected<ModelReply>(EpisodeError("an external agent has no model of ours", "models.agent"));
  }
  /// In a replay what was kept for this request, or the error that nothing was; empty when the agent is to be asked.
  virtual std::optional<Expected<ModelReply>> Recall(const ModelRequest& request) = 0;
  virtual Status Keep(const ModelRequest& request, const Expected<ModelReply>& reply) = 0;
};

/// What the agent was shown is the request, what it asked and said is the reply. A replay needs no agent: `inner` is
/// not asked then. `name` stands for the agent in the recording's settings.
std::unique_ptr<Agent> KeepTurns(std::unique_ptr<Agent> inner, const TrialContext& context);

/// A turn as a reply and back: what no model says (refused calls, that it stops) goes into `finish_reason`.
ModelReply ToReply(const AgentTurn& turn);
Expected<AgentTurn> ToTurn(ModelReply reply);

}  // namespace xsweep
