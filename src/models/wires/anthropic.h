// Anthropic's Messages API with tool use.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "models/wires/wire.h"

namespace xsweep {

/// POST {endpoint.url}, normally https://api.anthropic.com/v1/messages. `http` outlives it. Thinking
/// blocks are kept as reasoning, and all blocks for the way back: `Message::kept` is their list.
std::unique_ptr<Provider> MakeAnthropicProvider(Http& http, Endpoint endpoint);

/// How replies of this API are read.
const WireFormat& AnthropicFormat();

/// Of a reply, where `max_tokens` is not set: the API wants a number.
inline constexpr int kAnthropicMaxTokens = 4096;

/// The body of a request. The API wants turns to alternate and to begin with the user: neighbours of one side are
/// merged, tool results travel on the user's side.
std::string WriteAnthropicRequest(const Endpoint& endpoint, const ModelRequest& request);
/// Reads a message; anything else is a kEpisode error in plain words.
Expected<ModelReply> ReadAnthropicReply(std::string_view body, const ModelRequest& request);

}  // namespace xsweep
