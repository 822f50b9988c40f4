// TurnKeeper: keeps the turns of an agent that is no model of ours.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "episode/model.h"

namespace xsweep {

/// What stands in the place of the agent's model in a run with external agents (the agent's of a `ModelSet`): it keeps
/// the turns of an agent that is no model of ours as exchanges beside those of models, so that a run can be judged
/// again without the agent. Asked as a model it fails: there is none. Whoever wraps models leaves it as it is.
class TurnKeeper : public Model {
 public:
  std::string_view name() const override { return "external"; }
  Async<Expected<ModelReply>> Complete(const ModelRequest&) override {
    return Expected<ModelReply>(EpisodeError("an external agent has no model of ours", "models.agent"));
  }
  /// In a replay what was kept for this request, or the error that nothing was; empty when the agent is to be asked.
  virtual std::optional<Expected<ModelReply>> Recall(const ModelRequest& request) = 0;
  /// What an earlier process of this run has paid for with the same request, when it has; for a relay, whose agent runs
  /// again and asks again.
  virtual std::optional<ModelReply> Reuse(const ModelRequest& /*request*/) { return std::nullopt; }
  /// Whether a recording answers, and no model does.
  virtual bool replays() const { return false; }
  virtual Status Keep(const ModelRequest& request, const Expected<ModelReply>& reply) = 0;
  /// Before and after a call that a relay makes to the agent's own model: the budget's word, and what was used.
  virtual Async<Status> Admit() { return Status(); }
  virtual void Spent(const Usage& /*used*/) {}
};

}  // namespace xsweep
