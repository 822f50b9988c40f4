// KeptAgent: keeps every turn of a foreign agent as an exchange, and plays the kept turns in a replay.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "episode/catalog.h"
#include "episode/model.h"
#include "episode/turn_keeper.h"

namespace xsweep {

/// What the agent was shown is the request, what it asked and said is the reply. A replay needs no agent: `inner` is
/// not asked then. `name` stands for the agent in the recording's settings.
std::unique_ptr<Agent> KeepTurns(std::unique_ptr<Agent> inner, const TrialContext& context);

/// A turn as a reply and back: what no model says (refused calls, that it stops) goes into `finish_reason`.
ModelReply ToReply(const AgentTurn& turn);
Expected<AgentTurn> ToTurn(ModelReply reply);

}  // namespace xsweep
