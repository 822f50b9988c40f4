// The limits on model calls: their words, which configs, run.json and the reason why a run stopped say, their bounds,
// and what counts against them. A new limit is a word, a member and what it counts, all on this page; config/keys.cc
// then wants its help.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/each.h"
#include "words/usage.h"

namespace xsweep {

enum class CallLimit : std::uint8_t { kCalls, kPromptTokens, kCompletionTokens, kTotalTokens, kCost };
template <>
inline constexpr std::array<std::string_view, 5> kWords<CallLimit> = {
    "max_calls", "max_prompt_tokens", "max_completion_tokens", "max_total_tokens", "max_cost_usd"};

/// Bounds of what model calls use. Empty: no bound.
struct CallLimits {
  std::optional<std::int64_t> max_calls;
  std::optional<std::int64_t> max_prompt_tokens;
  std::optional<std::int64_t> max_completion_tokens;
  std::optional<std::int64_t> max_total_tokens;
  std::optional<double> max_cost_usd;
  friend bool operator==(const CallLimits&, const CallLimits&) = default;
};

/// Calls back with every limit and its bound as the config says it.
template <class Visit>
void ForEachCallLimit(const CallLimits& limits, const Visit& visit) {
  for (const CallLimit limit : kEvery<CallLimit>) {
    switch (limit) {
      case CallLimit::kCalls: visit(limit, limits.max_calls); break;
      case CallLimit::kPromptTokens: visit(limit, limits.max_prompt_tokens); break;
      case CallLimit::kCompletionTokens: visit(limit, limits.max_completion_tokens); break;
      case CallLimit::kTotalTokens: visit(limit, limits.max_total_tokens); break;
      case CallLimit::kCost: visit(limit, limits.max_cost_usd); break;
    }
  }
}

/// What of `used` counts against a limit: whole calls, tokens or 1e-9 USD.
constexpr std::int64_t AmountOf(const Usage& used, CallLimit limit) {
  switch (limit) {
    case CallLimit::kCalls: return used.calls;
    case CallLimit::kPromptTokens: return used.prompt_tokens;
    case CallLimit::kCompletionTokens: return used.completion_tokens;
    case CallLimit::kTotalTokens: return Usage::Sum(used.prompt_tokens, used.completion_tokens);
    case CallLimit::kCost: break;
  }
  return used.cost_nano_usd;
}

/// One amount for each limit.
using Amounts = std::array<std::int64_t, kCount<CallLimit>>;
constexpr Amounts AmountsOf(const Usage& used) {
  Amounts amounts{};
  for (const CallLimit limit : kEvery<CallLimit>) amounts[static_cast<std::size_t>(limit)] = AmountOf(used, limit);
  return amounts;
}

/// The bounds in the units of amounts. A bound below 1e-9 USD that is not 0 lets a call happen.
inline Each<CallLimit, std::optional<std::int64_t>> BoundsOf(const CallLimits& limits) {
  Each<CallLimit, std::optional<std::int64_t>> bounds;
  ForEachCallLimit(limits, [&]<class Value>(CallLimit limit, const std::optional<Value>& bound) {
    if (!bound) return;
    if constexpr (std::is_integral_v<Value>) {
      bounds[limit] = bound;
    } else {
      const std::int64_t nano = std::llround(std::min(*bound, 1e9) * 1e9);
      bounds[limit] = *bound > 0 ? std::max<std::int64_t>(1, nano) : nano;
    }
  });
  return bounds;
}

}  // namespace xsweep
