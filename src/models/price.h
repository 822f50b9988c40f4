// Price: what the tokens of a model cost. Where it comes from when the model's own section does not say is
// config/prices.h. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

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

}  // namespace xsweep
