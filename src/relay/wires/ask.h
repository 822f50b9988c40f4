// ModelAsk: what an agent asks its model, read from the request of any of the three wires.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/each.h"
#include "base/error.h"
#include "base/json.h"
#include "words/message.h"

namespace xsweep {

/// OpenAI Chat Completions, OpenAI Responses, Anthropic Messages.
enum class Wire : std::uint8_t { kChat, kResponses, kMessages };
template <>
inline constexpr std::array<std::string_view, 3> kWords<Wire> = {"chat", "responses", "messages"};

/// A tool as the model is shown it. `space` is the namespace that some clients of Responses put around names.
struct OfferedTool {
  std::string name;
  std::string space{};
  std::string description{};
  Json parameters{};
};

struct ModelAsk {
  Wire wire = Wire::kChat;
  std::string model{};
  bool stream = false;
  bool usage_chunk = false;     ///< Chat: the stream is to end in a chunk of usage
  bool kept_elsewhere = false;  ///< the history lies at the provider: `previous_response_id`, `conversation`
  std::string system{};
  std::vector<Message> messages{};  ///< neighbouring pieces of one turn of the agent are one message
  std::vector<OfferedTool> tools{};
  bool offers_any = false;  ///< some tool is offered, readable here or not

  /// A title, a summary: a call that offers no tools is no part of the dialogue.
  bool aside() const { return !offers_any; }
};

/// Reads what decides an answer and lets everything else be. Fails with kUser for a body that no server of that wire
/// would take: no messages, entries of the wrong kind.
Expected<ModelAsk> ReadAsk(Wire wire, const Json& body);

/// The text in a content of any shape: a string, parts with text, blocks inside blocks; "[image]" for what is no text.
std::string FlatText(const Json& content);

}  // namespace xsweep
