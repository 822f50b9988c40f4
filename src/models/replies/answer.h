// Answer: what a reply amounts to, the same for every wire: what was said, what was thought, and whether it is an
// answer at all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "episode/model.h"
#include "models/replies/usage.h"

namespace xsweep {

/// Any provider's word for why a reply ended.
FinishReason ReadFinish(std::string_view word);

/// Whether such a word says that there was a call, and that it could not be read: Gemini's MALFORMED_FUNCTION_CALL and
/// UNEXPECTED_TOOL_CALL, Bedrock's malformed_tool_use.
bool LostACall(std::string_view word);

/// Bedrock's guardrail puts its own words in place of the answer and ends it like one: then the reply ended so.
inline constexpr std::string_view kIntervened = "guardrail_intervened";
bool GuardrailIntervened(const Json& body);

/// Moves the thought in `reply.text` to `reply.reasoning`. Whether there was any.
bool TakeThought(ModelReply& reply);

/// The last step of reading a reply: with `parse_calls` takes calls out of the text, gives calls ids that no earlier
/// one has, and says in `no_answer` why the reply is none, if it is none. Thought has been taken out before.
void SettleReply(const ModelRequest& request, bool parse_calls, ModelReply& reply);

/// The reply for a prompt that its provider did not let through; `words` are the server's.
ModelReply BlockedReply(std::string_view words);
/// The reply for a call of the model's that the server could not read: a call that fails, so that the model is told.
ModelReply BrokenCallReply(const ModelRequest& request, std::string_view written);

/// Tokens that `request` takes at the least, from its length; for replies that cannot say.
std::int64_t EstimatedTokens(const ModelRequest& request);

/// ReadTokenCounts of the body that `reply` was read from; empty as well where it counts nothing for what was said.
std::optional<TokenCounts> CountsOf(const Json& body, const ModelReply& reply);

/// The usage of one call as its reply tells it; unknown tokens count as none and are marked.
Usage UsageOf(const std::optional<TokenCounts>& counts);

}  // namespace xsweep
