// Price: what the tokens of a model cost. Where it comes from when the model's own section does not say is
// config/prices.h.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "models/replies/usage.h"
#include "words/usage.h"

namespace xsweep {

struct Price {
  double input_usd_per_million = 0;
  double output_usd_per_million = 0;
  std::optional<double> cached_input_usd_per_million{};  ///< read from the server's cache; absent: as `input`
  std::optional<double> cache_write_usd_per_million{};   ///< written to it; absent: as `input`

  /// In whole nano-dollars, rounded once per call; never negative, and at most what 64 bits hold.
  std::int64_t CostNanoUsd(std::int64_t prompt_tokens, std::int64_t completion_tokens) const {
    return CostNanoUsd(TokenCounts{.prompt = prompt_tokens, .completion = completion_tokens});
  }
  std::int64_t CostNanoUsd(const TokenCounts& tokens) const;
  std::int64_t CostNanoUsd(const Usage& used) const {
    return CostNanoUsd(
        TokenCounts{used.prompt_tokens, used.completion_tokens, used.cached_tokens, used.written_tokens});
  }
  /// This part of every rate.
  Price Times(double part) const;
  friend bool operator==(const Price&, const Price&) = default;
};

/// What a batch costs of a price where nothing else is said.
inline constexpr double kBatchPrice = 0.5;

/// A mapping {input: USD, output: USD} per million tokens, with `cached_input` and `cache_write` where they differ from
/// `input`. Fails with kUser for other keys and negative numbers.
Expected<Price> ReadPrice(const Json& mapping, std::string_view where);

}  // namespace xsweep
