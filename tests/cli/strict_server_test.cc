// Whole runs against a server that refuses what the providers' documentation refuses, and answers as any model might:
// every role, both wires.
// SPDX-License-Identifier: Apache-2.0
#include "support/strict_server.h"

#include "cli/real_run.h"

namespace xsweep::testing {
namespace {

struct Parties {
  const char* attack;
  const char* defense;
  const char* judge;
  std::vector<std::string> roles;  ///< whose models are asked
};

/// The wires alternate, so that two runs with either one first try every role on both.
std::string ModelOf(const std::string& role, bool chat, const std::string& url, const std::string& more) {
  return fmt::format(
      "  {}: {{ provider: {}, base_url: \"{}/{}/v1\", model: any, api_key_env: {}, max_retries: 0, temperature: 0,\n"
      "    price: {{ input: 1, cached_input: 0.1, cache_write: 1.25, output: 2 }}{} }}\n",
      role, chat ? "openai" : "anthropic", url, role, kKeyVariable, more);
}

std::string ConfigOf(const Parties& parties, bool chat, const std::string& url, const std::string& cache) {
  std::string models;
  for (const std::string& role : parties.roles) {
    models += ModelOf(role, chat, url, fmt::format(", prompt_cache: {}", chat && cache == "auto" ? "key" : cache));
    chat = !chat;
  }
  return fmt::format(R"(exp: real
mode: REAL
seeds: [1]
trials: 3
environment: {{ name: airline, tasks: ["0", "1", "2", "3", "4", "5"] }}
agent: {{ name: tool_agent }}
models:
{}attack: {{ name: {}, goal: unearned_certificate, amount: [150, 369] }}
defense: {{ name: {} }}
judge: {{ name: {} }}
limits: {{ max_turns: 4, max_tool_calls: 8, max_error_rate: 1 }}
transcripts: all
)",
                     models, parties.attack, parties.defense, parties.judge);
}

class AStrictServer : public RealSweep {
 protected:
  /// Runs against a server of its own; every request has to be legal, and every role heard.
  PromptCache::Counts Play(const Parties& parties, bool chat, const std::string& cache = "auto") {
    StrictServer strict(++number_);
    const ModelServer server([&](const SeenRequest& request) { return strict(request); });
    const std::string id = fmt::format("r{}", number_);
    const Ended ended = Xsweep(RunAs(id, Config(ConfigOf(parties, chat, server.Url(), cache))));
    EXPECT_EQ(ended.code, 0) << ended.output;
    for (const std::string& refused : strict.refused()) ADD_FAILURE() << refused;
    for (const std::string& role : parties.roles) EXPECT_GT(strict.answered(role), 0) << role << "\n" << ended.output;
    EXPECT_EQ(Rows(id).size(), 18U);
    ExpectRowsToSay(strict.cache(), id);
    return strict.cache();
  }
  void ExpectRowsToSay(const PromptCache::Counts& counts, const std::string& id) const {
    PromptCache::Counts said;
    for (const Json& row : Rows(id)) {
      for (const auto& [role, usage] : row.Find("usage")->members()) {
        said.prompt += usage.IntOr("prompt_tokens", 0);
        said.read += usage.IntOr("cached_tokens", 0);
        said.written += usage.IntOr("cache_write_tokens", 0);
      }
    }
    EXPECT_EQ(said.prompt, counts.prompt);
    EXPECT_EQ(said.read, counts.read);
    EXPECT_EQ(said.written, counts.written);
  }
  int number_ = 0;
};

const Parties kModelAttacks = {
    "model_attacker", "model_guard", "model_judge", {"agent", "attacker", "defense", "judge"}};
const Parties kModelPlaysTheUser = {
    "important_instructions", "model_guard", "model_judge", {"user", "agent", "judge", "defense"}};

TEST_F(AStrictServer, RefusesNothingThatAnyRoleSends) {
  for (const Parties& parties : {kModelAttacks, kModelPlaysTheUser}) {
    for (const bool chat : {true, false}) Play(parties, chat);
  }
}

TEST_F(AStrictServer, FindsMostOfThePromptsInItsCacheUnlessItIsOff) {
  const Parties agent_alone = {"static", "none", "out_of_policy_refund", {"agent"}};
  for (const bool chat : {true, false}) {
    const PromptCache::Counts counts = Play(agent_alone, chat);
    EXPECT_GT(counts.read * 10, counts.prompt * 7) << counts.read << " of " << counts.prompt;
  }
  const PromptCache::Counts off = Play(agent_alone, false, "off");
  EXPECT_EQ(off.read + off.written, 0);
}

}  // namespace
}  // namespace xsweep::testing
