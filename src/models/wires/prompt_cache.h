// Prompt caches: servers keep what prompts begin with, and read it again for less. What we do so that they can.
// Prompts begin with what stays the same (tools, system prompt, then the dialogue as it was sent before); calls of a
// dialogue that has begun go before those of new ones, so that a server with few slots keeps them warm.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "episode/model.h"

namespace xsweep {

/// Whether the role comes back with the same dialogue and more behind it; judges and guards ask once.
bool DialogueGoesOn(const CallIdentity& who);

/// Whether a server may have the beginning of this dialogue already.
bool DialogueHasBegun(const ModelRequest& request);

/// One name for all calls of one dialogue and of no other: servers that take a `prompt_cache_key` send them to the
/// machine that has its beginning. Tells nothing but a hash.
std::string PromptCacheKey(const CallIdentity& who);

/// Anthropic's way: keep all up to and including this block. Blocks without a word are left alone: the API refuses a
/// mark on those.
void MarkForCache(Json& block);

}  // namespace xsweep
