// Prices: what tokens cost, by model; a price that nobody stated is unknown, never 0.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace xsweep {

struct Price {
  double input_usd_per_million = 0;
  double output_usd_per_million = 0;

  /// In whole nano-dollars, rounded once per call.
  std::int64_t CostNanoUsd(std::int64_t prompt_tokens, std::int64_t completion_tokens) const;
  friend bool operator==(const Price&, const Price&) = default;
};

/// A mapping {input: USD, output: USD} per million tokens. Fails with kUser for other keys and negative numbers.
Expected<Price> ReadPrice(const Json& mapping, std::string_view where);

/// Prices by model name. A name that ends in "*" stands for all that begin like it; the longest one wins.
class PriceTable {
 public:
  /// {"gpt-4o-mini": {"input": 0.15, "output": 0.6}, "llama*": {...}}. Fails with kUser.
  static Expected<PriceTable> FromJson(const Json& table);
  /// Empty when the table does not name the model.
  std::optional<Price> Find(std::string_view model) const;

 private:
  std::vector<std::pair<std::string, Price>> prices_;
};

}  // namespace xsweep
