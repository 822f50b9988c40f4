// Station: broker, server and address of one trial.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/station.h"

#include <algorithm>
#include <ranges>

#include "mcp/environment_host.h"
#include "net/token.h"

namespace xsweep {

Expected<std::unique_ptr<Station>> Station::Open(const Surroundings& around, const Environment& environment,
                                                 const Conversation& conversation, PolicyIn policy, bool results_kept) {
  if (around.loop == nullptr || around.server == nullptr)
    return UserError("an external agent needs `mode: REAL`: it is started and talks over the network", "agent");
  std::unique_ptr<Station> station(new Station(around, policy));
  station->broker_->Open(HostTools(*conversation.tools, environment, results_kept),
                         policy == PolicyIn::kInstructions ? *conversation.system : std::string());
  return station;
}

Station::Station(const Surroundings& around, PolicyIn policy)
    : around_(around),
      policy_(policy),
      token_(RandomToken()),
      broker_(std::make_shared<ToolBroker>(*around.loop)),
      server_(std::make_shared<McpServer>(broker_)),
      mount_(MountMcp(*around.server, "/t/" + token_ + "/mcp", server_)) {}

std::string Station::PromptOf(const Conversation& conversation) const {
  const auto said = std::ranges::find(conversation.messages | std::views::reverse, Speaker::kUser, &Message::speaker);
  std::string words = said == conversation.messages.rend() ? std::string() : said->text;
  const bool first = conversation.turn <= 1;
  if (policy_ == PolicyIn::kInstructions || !first || conversation.system->empty()) return words;
  return "<policy>\n" + *conversation.system + "\n</policy>\n\n" + words;
}

}  // namespace xsweep
