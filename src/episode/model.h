// Model: what speaks. Providers, simulators, recordings and limits are all models, and models wrap models.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "words/identity.h"
#include "words/message.h"
#include "words/usage.h"

namespace xsweep {

/// One request. Whoever asks keeps it alive until the reply is there.
struct ModelRequest {
  CallIdentity identity;
  std::string system;
  std::vector<Message> messages;
  std::vector<ToolSchema> tools;
};

struct ModelReply {
  std::string text;
  std::vector<ToolCall> calls;
  std::string reasoning;
  std::string finish_reason;
  Usage usage;  ///< `calls` counts attempts that reached the server, so retries are paid for honestly
};

class Model {
 public:
  virtual ~Model() = default;
  /// The model as the provider names it, e.g. "gpt-4o-mini".
  virtual std::string_view name() const = 0;
  /// Fails with kEpisode (this trial becomes an error), kBudget (skipped) or kInterrupted.
  virtual Async<Expected<ModelReply>> Complete(const ModelRequest& request) = 0;
};

/// The models of one run by role; a role without one is nullptr. They outlive every episode.
struct ModelSet {
  Model* agent = nullptr;
  Model* user = nullptr;
  Model* attacker = nullptr;
  Model* defense = nullptr;
  Model* judge = nullptr;
};

}  // namespace xsweep
