// SimulatedUser: the customer of a desk's task, played by a model or speaking the task's own request.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "episode/catalog.h"
#include "parts/environments/scenario.h"

namespace xsweep {

/// What a user can do in the world beside talking: tools of its own, for the model that plays it.
struct UserTools {
  const std::vector<ToolSchema>* tools = nullptr;  ///< nullptr: it only talks
  std::function<Async<Expected<ToolOutcome>>(const ToolCall& call)> call{};
};

/// Without a model (SHIM) the user says the request once and stops when it has been answered. With one, the model gets
/// the guidelines and the scenario and ends the dialogue with ###STOP###, ###TRANSFER### or ###OUT-OF-SCOPE###; where
/// it has tools, it may call them before it speaks.
class SimulatedUser {
 public:
  /// `guidelines` may be empty: a model then gets the scenario and the three stop words only.
  SimulatedUser(const DeskTask& task, const std::string& guidelines, const EnvironmentModels& models,
                UserTools tools = {})
      : task_(task), guidelines_(guidelines), models_(models), tools_(std::move(tools)) {}

  Async<Expected<UserTurn>> Speak(const Conversation& conversation, Usage& usage);

 private:
  Async<Expected<UserTurn>> AskModel(const Conversation& conversation, Usage& usage);
  ModelRequest Request(const Conversation& conversation) const;
  Async<Status> Act(ModelReply reply, std::size_t heard);
  Async<Expected<ModelReply>> Ask(const Conversation& conversation, Usage& usage);

  const DeskTask& task_;
  const std::string& guidelines_;
  const EnvironmentModels& models_;
  const UserTools tools_;
  /// What it did itself, and behind how many messages of the dialogue: nobody else sees it.
  std::vector<std::pair<std::size_t, Message>> deeds_;
  std::uint32_t turn_ = 0;
};

}  // namespace xsweep
