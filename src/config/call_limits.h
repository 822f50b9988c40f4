// The limits on model calls by name: configs, run.json and the reason why a run stopped say these words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/each.h"

namespace xsweep {

enum class CallLimit : std::uint8_t { kCalls, kPromptTokens, kCompletionTokens, kTotalTokens, kCost };
template <>
inline constexpr std::array<std::string_view, 5> kWords<CallLimit> = {
    "max_calls", "max_prompt_tokens", "max_completion_tokens", "max_total_tokens", "max_cost_usd"};

}  // namespace xsweep
