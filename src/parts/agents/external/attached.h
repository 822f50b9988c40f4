// Attached agents: one that a person starts by hand, at an address that it is shown.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "episode/catalog.h"

namespace xsweep {

class ToolBroker;

/// What passes between a trial and the person beside it. Belongs to the loop's thread.
struct AttachedTalk {
  /// Told once: where the tools are, and what the user says to the agent.
  std::function<void(const std::string& url, const std::string& prompt)> begin;
  /// Told as it happens, a line each: what the agent calls, what it is answered.
  std::function<void(const std::string& line)> show;
  /// Says what the agent answered in the end; without it the agent is taken to have said "done".
  void End(std::string words);

  std::weak_ptr<ToolBroker> broker;
};

/// Makes agents of that kind; there is one trial at a time.
PartFactory<Agent> AttachedAgents(std::shared_ptr<AttachedTalk> talk);

}  // namespace xsweep
