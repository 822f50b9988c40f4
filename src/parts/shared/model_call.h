// What parts that ask a model share: the request, and yes-or-no answers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "episode/catalog.h"

namespace xsweep {

/// A request of `role` in this trial, the `turn`-th of that role: one system prompt, one user message.
ModelRequest MakeRequest(const TrialContext& context, Role role, std::uint32_t turn, std::string system,
                         std::string text);

/// Yes or no, when that is the whole answer: one word in any case, with nothing but blanks, punctuation and marks of
/// emphasis around it. Anything else is no verdict: in a sentence both words may stand.
std::optional<bool> ReadYesNo(std::string_view reply);
/// The same of a reply; a reply that is no answer, or a refusal, is no verdict.
std::optional<bool> ReadYesNo(const ModelReply& reply);

/// Whether a model that was to play the attacker says in plain words that it will not.
bool RefusesToAttack(std::string_view text);

/// The dialogue as lines "user: ...", "agent: ...", "call NAME ARGUMENTS", "result: ...".
std::string DescribeDialogue(const Conversation& conversation);
std::string DescribeDialogue(const Transcript& transcript);

/// The error of a part whose role has no model.
Error NoModel(std::string_view part, std::string_view role);

}  // namespace xsweep
