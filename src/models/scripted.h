// The scripted model: rules in data, answered at once; a provider like any other, with no key and no network.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "episode/model.h"
#include "models/wires/price.h"

namespace xsweep {

/// `rules` is a list; the first that matches answers. A rule:
///   role: agent|user|attacker|defense|judge   only for this role
///   turn: 2                                   only for this role's exchange of that number, from 0
///   speaker: user|agent|tool|system           only when the last message is theirs
///   contains: text or list of texts           all of them in the last message
///   text: ..., calls: [{name: ..., arguments: {...}}], finish_reason: ...     what it says
///   error: ...                                fails with this message instead
/// Nothing matches: `fallback` is said. Tokens are counted as a quarter of the characters. Fails with kUser.
Expected<std::unique_ptr<Model>> MakeScriptedModel(std::string name, const Json& rules, std::string fallback,
                                                   std::optional<Price> price);

}  // namespace xsweep
