// Usage: what a reply says that it took, in whatever spelling, and never more than can be true.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/json.h"

namespace xsweep {

/// Tokens of one call as its server tells them.
struct TokenCounts {
  std::int64_t prompt = 0;      ///< cached ones included
  std::int64_t completion = 0;  ///< thought included
  std::int64_t cached = 0;      ///< of the prompt: read from the server's cache
  std::int64_t written = 0;     ///< of the prompt: written to it
};

/// Reads the usage of a whole reply: `usage` (or where gateways put it), prompt_tokens or input_tokens and their other
/// spellings, whole numbers also as floats or text, nested ones too. Empty when a count is missing, negative, no
/// number, beyond what one call can take (kMostTokens), or when the prompt is said to have held nothing: such a reply
/// has no usage that a budget could hold on to. A total that is larger than the parts counts as thought that was left
/// out of the completion, and so does, without a total, more thought than completion.
std::optional<TokenCounts> ReadTokenCounts(const Json& reply);

inline constexpr std::int64_t kMostTokens = 100'000'000;

}  // namespace xsweep
