// What a role does when it does nothing: the hooks that most attacks and defenses leave alone.
// SPDX-License-Identifier: Apache-2.0
#include "episode/roles.h"

namespace xsweep {

std::string Attack::PoisonTools(std::vector<ToolSchema>& /*tools*/) { return {}; }

Async<Expected<Attack::Spoken>> Attack::Speak(UserTurn said, const Conversation& /*conversation*/) {
  return Expected<Spoken>(Spoken{.turn = std::move(said), .inserted = {}, .usage = {}});
}

std::string Attack::PoisonResult(const ToolCall& /*call*/, ToolOutcome& /*outcome*/) { return {}; }

Async<Expected<Decisions>> Defense::ReviewTool(const ToolSchema& /*tool*/) { return Expected<Decisions>(); }

Async<Expected<Decisions>> Defense::ReviewUserTurn(const std::string& /*text*/, const Conversation& /*conversation*/) {
  return Expected<Decisions>();
}

Async<Expected<Decisions>> Defense::BeforeCall(const ToolCall& /*call*/, const Conversation& /*conversation*/) {
  return Expected<Decisions>();
}

Async<Expected<Decisions>> Defense::AfterCall(const ToolCall& /*call*/, const std::string& /*content*/,
                                              const Conversation& /*conversation*/) {
  return Expected<Decisions>();
}

}  // namespace xsweep
