// Prompt caches: servers keep what prompts begin with, and read it again for less.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/prompt_cache.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "models/replies/legal.h"

namespace xsweep {

bool DialogueGoesOn(const CallIdentity& who) { return who.role != Role::kJudge && who.role != Role::kDefense; }

bool DialogueHasBegun(const ModelRequest& request) {
  // A judge or a guard is asked because of what somebody else's model has said.
  if (!DialogueGoesOn(request.identity)) return true;
  return std::ranges::any_of(request.messages,
                             [](const Message& message) { return message.speaker == Speaker::kAgent; });
}

std::string PromptCacheKey(const CallIdentity& who) {
  return "xsweep-" +
         ShortHash(fmt::format("{}\n{}\n{}\n{}\n{}", who.cell, who.task, who.seed, who.trial, NameOf(who.role)));
}

void MarkForCache(Json& block) {
  const std::string_view type = block.StringOr("type", "");
  if (type == "text" && IsBlank(block.StringOr("text", ""))) return;
  if (type == "tool_result" && IsBlank(block.StringOr("content", ""))) return;
  block.Set("cache_control", Json::MakeObject({{"type", "ephemeral"}}));
}

}  // namespace xsweep
