// Usage: what model calls used, from a reply to the sums of a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "words/names.h"

namespace xsweep {

/// What calls used. Costs are whole nano-dollars, so that sums are exact in any order; a call whose price is not
/// known makes the sum unknown, never smaller.
struct Usage {
  std::int64_t calls = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t cost_nano_usd = 0;
  bool cost_known = true;
  bool tokens_known = true;         ///< every answer said what it took
  std::int64_t cached_tokens = 0;   ///< of the prompts: what a server read from its cache
  std::int64_t written_tokens = 0;  ///< of the prompts: what it wrote there

  Usage& operator+=(const Usage& other) {
    calls = Sum(calls, other.calls);
    prompt_tokens = Sum(prompt_tokens, other.prompt_tokens);
    completion_tokens = Sum(completion_tokens, other.completion_tokens);
    cost_nano_usd = Sum(cost_nano_usd, other.cost_nano_usd);
    cost_known = cost_known && other.cost_known;
    tokens_known = tokens_known && other.tokens_known;
    cached_tokens = Sum(cached_tokens, other.cached_tokens);
    written_tokens = Sum(written_tokens, other.written_tokens);
    return *this;
  }
  friend bool operator==(const Usage&, const Usage&) = default;

  /// Never negative by going over the top, whatever a server has claimed.
  static constexpr std::int64_t Sum(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
  }
};

using RoleUsage = Each<Role, Usage>;

}  // namespace xsweep
