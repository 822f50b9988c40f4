// SimulatedUser: the customer of a desk's task, played by a model or speaking the task's own request.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/async.h"
#include "episode/catalog.h"
#include "parts/environments/scenario.h"

namespace xsweep {

/// Without a model (SHIM) the user says the request once and stops when it has been answered. With one, the model gets
/// the guidelines and the scenario and ends the dialogue with ###STOP###, ###TRANSFER### or ###OUT-OF-SCOPE###.
class SimulatedUser {
 public:
  /// `guidelines` may be empty: a model then gets the scenario and the three stop words only.
  SimulatedUser(const DeskTask& task, const std::string& guidelines, const EnvironmentModels& models)
      : task_(task), guidelines_(guidelines), models_(models) {}

  Async<Expected<UserTurn>> Speak(const Conversation& conversation, Usage& usage);

 private:
  Async<Expected<UserTurn>> AskModel(const Conversation& conversation, Usage& usage);
  ModelRequest Request(const Conversation& conversation) const;

  const DeskTask& task_;
  const std::string& guidelines_;
  const EnvironmentModels& models_;
  std::uint32_t turn_ = 0;
};

}  // namespace xsweep
