// Model: what speaks. Providers, simulators, recordings and limits are all models, and models wrap models.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "words/message.h"

namespace xsweep {

enum class ModelRole { kAgent, kUser, kAttacker, kDefense, kJudge };
inline constexpr int kModelRoles = 5;
/// "agent", "user", "attacker", "defense", "judge".
std::string_view ModelRoleName(ModelRole role);

/// What calls used. Costs are whole nano-dollars, so that sums are exact in any order; a call whose price is not
/// known makes the sum unknown, never smaller.
struct Usage {
  std::int64_t calls = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t cost_nano_usd = 0;
  bool cost_known = true;

  Usage& operator+=(const Usage& other);
  friend bool operator==(const Usage&, const Usage&) = default;
};

/// Who asks: the identity of one exchange, stable over repeats and resumes; the key of recordings and the source of
/// back-off jitter.
struct CallIdentity {
  std::string cell;
  std::string task;
  std::uint64_t seed = 0;
  std::uint32_t trial = 0;
  ModelRole role = ModelRole::kAgent;
  std::uint32_t turn = 0;  ///< counts this role's exchanges in this trial, from 0
};

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
