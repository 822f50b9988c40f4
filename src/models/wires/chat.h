// OpenAI-compatible chat completions: OpenAI, Groq, vLLM, Ollama, llama.cpp, LiteLLM and others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "models/wires/wire.h"

namespace xsweep {

/// POST {endpoint.url} with tools, parallel tool calls and usage. `http` outlives it. Of the replies it keeps thought
/// apart from the text, and what it does not know of messages and calls for the way back: `Message::kept` is an object
/// of members of the assistant's message, "content" among them where it was not the text alone.
std::unique_ptr<Provider> MakeOpenAiProvider(Http& http, Endpoint endpoint);

/// How replies of this API are read.
const WireFormat& ChatFormat();

/// The body of a request. Messages keep their order; a system prompt comes first.
std::string WriteOpenAiRequest(const Endpoint& endpoint, const ModelRequest& request);
/// The same, with the list of tools as it was written before.
std::string WriteOpenAiRequest(const Endpoint& endpoint, std::string_view tools, const ModelRequest& request);
/// Reads a chat completion; anything else is a kEpisode error in plain words. Never trusts a field's type.
Expected<ModelReply> ReadOpenAiReply(std::string_view body, const ModelRequest& request);

}  // namespace xsweep
