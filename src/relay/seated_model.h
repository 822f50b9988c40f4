// SeatedModel: an agent of ours as a model: it answers what any harness asks, in place of a provider.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "episode/roles.h"
#include "relay/wires/ask.h"

namespace xsweep {

/// An agent at the start of its trial.
struct Played {
  std::shared_ptr<void> held{};  ///< what the agent refers to, where nobody else keeps it
  /// A world of the agent's own, in which its calls are executed as their results come back; nullptr where the calls
  /// are executed for real in the environment that it knows.
  Environment* shadow = nullptr;
  std::unique_ptr<Agent> agent{};
};
using PlayMaker = std::function<Expected<Played>()>;

/// A model is asked with the whole history each time, so the agent is led through it: every turn of the assistant in a
/// request is a turn that the agent takes again, and its next one is the reply. The reply is therefore a function of
/// the trial's identity and of the request alone: retries, forks of a dialogue and requests out of order all get what
/// they would have got.
///
/// Tools go by the names that the harness gives them (`mcp__desk__get_user_details`); a call of a tool that is not
/// offered is answered within, as unknown, and the agent goes on. A policy between <policy> and </policy>, in a message
/// or in the system prompt, is its system prompt; otherwise the request's own is. Belongs to one thread.
class SeatedModel {
 public:
  /// `tools` are the environment's. With `stays` the agent is kept between requests rather than started anew for each:
  /// for environments that change under it.
  SeatedModel(std::string seed, std::vector<ToolSchema> tools, PlayMaker make, bool stays);
  ~SeatedModel();
  SeatedModel(const SeatedModel&) = delete;
  SeatedModel& operator=(const SeatedModel&) = delete;

  /// Fails with kUser for a request that it cannot answer: a history that it was not sent.
  Async<Expected<ModelReply>> Answer(ModelAsk ask);
  /// What the ids of the reply to that request are made from.
  std::string SeedOf(const ModelAsk& ask) const;

 private:
  class Playing;
  Async<Expected<ModelReply>> Play(const ModelAsk& ask, const std::vector<std::uint64_t>& digests);

  const std::string seed_;
  const std::vector<ToolSchema> tools_;
  const PlayMaker make_;
  const bool stays_;
  std::unique_ptr<Playing> live_;
  std::unordered_map<std::uint64_t, ModelReply> given_;
};

/// The tool that is offered for the environment's `name`: that name, or one that ends in it behind a separator;
/// nullptr when there is none.
const OfferedTool* FindOffered(const std::vector<OfferedTool>& offered, std::string_view name);

}  // namespace xsweep
