// Station: what every kind of foreign agent stands on for one trial: its broker, mounted at an address of its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "episode/catalog.h"
#include "episode/kept_results.h"
#include "mcp/endpoint.h"
#include "parts/agents/external/broker.h"

namespace xsweep {

/// How the policy (and what a defense adds to it) reaches the agent: MCP's `instructions` reach some clients' models
/// and not others', words in the prompt reach all.
enum class PolicyIn { kPrompt, kInstructions };

/// An agent at a station: what it knows of its results before it starts.
class StationedAgent : public Agent, public PromisedForms {
 public:
  void ResultsAreKept() override { results_kept_ = true; }

 protected:
  bool results_kept() const { return results_kept_; }

 private:
  bool results_kept_ = false;
};

class Station {
 public:
  /// Fails with kUser where there is no web: mode SHIM, a replay, a test. `results_kept`: see PromisedForms.
  static Expected<std::unique_ptr<Station>> Open(const Surroundings& around, const Environment& environment,
                                                 const Conversation& conversation, PolicyIn policy, bool results_kept);
  ~Station() { broker_->Close(); }
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  ToolBroker& broker() { return *broker_; }
  const std::shared_ptr<ToolBroker>& shared_broker() const { return broker_; }
  IoLoop& loop() const { return *around_.loop; }
  const Surroundings& around() const { return around_; }
  const std::string& token() const { return token_; }
  const std::string& url() const { return mount_.url(); }
  /// As the client named itself; empty before it did.
  const std::string& client() const { return server_->client(); }
  /// The newest words of the user, with the policy before the first ones where it goes there.
  std::string PromptOf(const Conversation& conversation) const;

 private:
  Station(const Surroundings& around, PolicyIn policy);
  const Surroundings around_;
  const PolicyIn policy_;
  const std::string token_;
  std::shared_ptr<ToolBroker> broker_;
  std::shared_ptr<McpServer> server_;
  Mount mount_;
};

}  // namespace xsweep
