// What a role does when it does nothing: the hooks that most attacks and defenses leave alone.
// SPDX-License-Identifier: Apache-2.0
#include "episode/roles.h"

namespace xsweep {

Async<Expected<std::vector<Planting>>> Environment::Plant(std::vector<Planting> what, const Goal& /*goal*/) {
  if (what.empty()) return Expected<std::vector<Planting>>();
  return Expected<std::vector<Planting>>(EpisodeError(
      "nothing can be planted in this environment, so not into `" + what.front().vector + "`", "environment"));
}

Async<Expected<std::vector<Effect>>> Environment::EndEffects(const Transcript& /*transcript*/, const Goal& /*goal*/) {
  return Expected<std::vector<Effect>>();
}

Async<Expected<StateView>> Environment::Observe() { return Expected<StateView>(); }

const std::vector<Vector>& Environment::vectors() const {
  static const std::vector<Vector> kNone;
  return kNone;
}

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
