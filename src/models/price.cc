// Price: what the tokens of a model cost.
// SPDX-License-Identifier: Apache-2.0
#include "models/price.h"

#include <fmt/format.h>

#include <cmath>

namespace xsweep {

std::int64_t Price::CostNanoUsd(std::int64_t prompt_tokens, std::int64_t completion_tokens) const {
  constexpr double kNanoUsdPerToken = 1000;  // of one dollar per million tokens
  return std::llround((static_cast<double>(prompt_tokens) * input_usd_per_million +
                       static_cast<double>(completion_tokens) * output_usd_per_million) *
                      kNanoUsdPerToken);
}

Expected<Price> ReadPrice(const Json& mapping, std::string_view where) {
  const auto fault = [&](std::string_view what) {
    return UserError(fmt::format("{}; write {{input: 0.15, output: 0.60}}, in dollars per million tokens", what),
                     std::string(where));
  };
  if (!mapping.is_object()) return fault("this is no price");
  Price price;
  bool input = false;
  bool output = false;
  for (const auto& [key, value] : mapping.members()) {
    const bool known = key == "input" || key == "output";
    if (!known) return fault(fmt::format("a price has no `{}`", key));
    const double usd = value.is_number() ? value.AsDouble() : -1;
    if (!(usd >= 0 && usd <= 1e6)) return fault(fmt::format("`{}` is no amount", key));
    (key == "input" ? input : output) = true;
    (key == "input" ? price.input_usd_per_million : price.output_usd_per_million) = usd;
  }
  if (!input || !output) return fault("a price needs both `input` and `output`");
  return price;
}

}  // namespace xsweep
