// Relayed agents: foreign agents that ask their model through us.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/options/option.h"
#include "episode/catalog.h"
#include "relay/seat.h"

namespace xsweep {

/// What answers as the model of a foreign agent.
enum class RelayTo { kNone, kShim, kUpstream };
template <>
inline constexpr std::array<std::string_view, 3> kWords<RelayTo> = {"none", "shim", "upstream"};

struct RelaySettings {
  RelayTo relay = RelayTo::kNone;
  std::string relay_to;
  std::string relay_key_env;
  Json relay_price;
  int relay_requests = 200;
  double relay_competence = 0.95;
  double relay_susceptibility = 0.6;
};
const Options<RelaySettings>& RelayOptions();

struct RelayRecipe {
  RelayTo to = RelayTo::kNone;
  UpstreamSettings upstream;
  int most_requests = 200;
  PartFactory<Agent> shim;
};
/// Fails with kUser for a price or an address that is none.
Expected<RelayRecipe> ReadRelay(const RelaySettings& settings);

class ToolBroker;

/// One trial's address of a model, and the seat behind it. Gone with the object.
class RelayLine {
 public:
  /// nullptr where nothing is relayed. Fails with kUser where there is no web.
  static Expected<std::unique_ptr<RelayLine>> Open(const RelayRecipe& recipe, const TrialContext& context);
  ~RelayLine();
  RelayLine(const RelayLine&) = delete;
  RelayLine& operator=(const RelayLine&) = delete;

  /// Without /v1.
  const std::string& base() const { return mount_.url(); }
  /// Means nothing anywhere else.
  const std::string& key() const { return key_; }
  RelaySeat& seat() { return *seat_; }
  /// Empty unless the agent's tools are its own.
  Mediator* mediator() { return mediator_.get(); }
  /// The agent is about to start: where calls of its own tools meet the episode, like those over MCP, and what ends it
  /// when its model fails; and the words that are this trial's alone.
  void Seat(const std::shared_ptr<ToolBroker>& broker, const std::vector<std::string>& private_words);

 private:
  RelayLine() = default;
  void Meet(const std::shared_ptr<ToolBroker>& broker);
  std::string key_;
  IoLoop* loop_ = nullptr;
  std::shared_ptr<std::weak_ptr<ToolBroker>> broker_ = std::make_shared<std::weak_ptr<ToolBroker>>();
  std::shared_ptr<Mediator> mediator_;
  std::shared_ptr<RelaySeat> seat_;
  Mount mount_;
};

/// Makes the agent that is relayed, with its line; nullptr when there is none.
using MakeRelayed = std::function<std::unique_ptr<Agent>(RelayLine* line)>;

/// Adds to the turns of an agent what the relay knows: the model's words, what it used, calls that nobody executed. A
/// model that was never asked, or never offered our tools, makes an error of the trial. With nothing to relay, turns
/// are kept for replays instead (kept.h): behind a relay a replay runs the agent again, over what its model said.
std::unique_ptr<Agent> RelayTurns(std::shared_ptr<const RelayRecipe> recipe, const TrialContext& context,
                                  MakeRelayed make);

}  // namespace xsweep
