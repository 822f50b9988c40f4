// Model: what speaks. Providers, simulators, recordings and limits are all models, and models wrap models.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "words/answer.h"
#include "words/identity.h"
#include "words/message.h"
#include "words/usage.h"

namespace xsweep {

/// One request. Whoever asks keeps it alive until the reply is there.
struct ModelRequest {
  CallIdentity identity;
  Common<std::string> system;
  std::vector<Message> messages;
  Common<std::vector<ToolSchema>> tools;
};

struct ModelReply {
  std::string text;  ///< what was said, without thought
  std::vector<ToolCall> calls;
  std::string reasoning;
  std::string finish_reason;  ///< in the provider's word
  FinishReason finish = FinishReason::kUnknown;
  NoAnswer no_answer = NoAnswer::kNone;  ///< why this is no answer, if it is none
  std::string refusal;                   ///< the words of whoever refused: the model, or its provider
  std::string model;                     ///< who answered, as the reply names it; empty when it does not
  Json kept{};                           ///< for Message::kept
  Usage usage;  ///< `calls` counts attempts that reached the server, so retries are paid for honestly
};

/// Why the reply is no answer of a role that plays a part (all but the agent): as `no_answer`, and a refusal is none.
NoAnswer WhyNoPart(const ModelReply& reply);
/// The error of a role whose reply is no answer: "unanswered: judge.length" and so on.
Error NoPart(Role role, NoAnswer why, const ModelReply& reply);
/// Why in plain words, with what the server said: "was cut off by length (finish_reason: max_tokens)".
std::string DescribeNoAnswer(NoAnswer why, const ModelReply& reply);

class Model {
 public:
  virtual ~Model() = default;
  /// The model as the provider names it, e.g. "gpt-4o-mini".
  virtual std::string_view name() const = 0;
  /// Fails with kEpisode (this trial becomes an error), kBudget (skipped) or kInterrupted. A reply that is no answer is
  /// no failure: it says so itself.
  virtual Async<Expected<ModelReply>> Complete(const ModelRequest& request) = 0;
};

/// The models of one run by role; a role without one is nullptr. They outlive every episode.
using ModelSet = Each<Role, Model*>;

}  // namespace xsweep
