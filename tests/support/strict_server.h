// StrictServer: answers as any model might, and refuses what the providers' documentation refuses.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "support/model_server.h"
#include "support/random_replies.h"
#include "support/strict_requests.h"

namespace xsweep::testing {

/// What of the prompts a server's cache would have held, by the documented rules: OpenAI's by itself and by whole
/// messages, Anthropic's at marks only, found again within twenty blocks before a later mark.
class PromptCache {
 public:
  struct Counts {
    std::int64_t prompt = 0;
    std::int64_t read = 0;
    std::int64_t written = 0;
  };
  Counts Chat(const Json& request);
  Counts Messages(const Json& request);

 private:
  std::set<std::uint64_t> held_;
};

/// A handler for a ModelServer. The part of the path before /v1 names the role that asks: agent, user, attacker,
/// defense, judge. What a reply is follows from the request alone, so that no order of calls changes it.
class StrictServer {
 public:
  explicit StrictServer(std::uint64_t number) : number_(number) {}
  ServerReply operator()(const SeenRequest& request);

  /// Why requests were refused, with the requests.
  std::vector<std::string> refused() const;
  /// How many requests of a role were answered.
  int answered(std::string_view role) const;
  /// Of all prompts.
  PromptCache::Counts cache() const;

 private:
  std::string Fault(const SeenRequest& request, bool chat, const Json& body) const;
  void Remember(const Json& reply);

  const std::uint64_t number_;
  mutable std::mutex mutex_;
  GivenIds ids_;
  PromptCache prompts_;
  PromptCache::Counts counts_;
  std::map<std::string, int, std::less<>> answered_;
  std::vector<std::string> refused_;
};

}  // namespace xsweep::testing
