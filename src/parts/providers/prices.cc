// Prices: what tokens cost, by model; a price that nobody stated is unknown, never 0.
// SPDX-License-Identifier: Apache-2.0
#include "parts/providers/prices.h"

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
    return UserError(
        fmt::format("{}; a price is written {{input: 0.15, output: 0.60}}, in dollars per million tokens", what),
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

Expected<PriceTable> PriceTable::FromJson(const Json& table) {
  PriceTable result;
  if (table.is_null()) return result;
  if (!table.is_object()) return UserError("a price table is a mapping from model names to prices", "prices");
  for (const auto& [model, mapping] : table.members()) {
    TRY_ASSIGN(const Price price, ReadPrice(mapping, "prices of " + model));
    result.prices_.emplace_back(model, price);
  }
  return result;
}

std::optional<Price> PriceTable::Find(std::string_view model) const {
  std::optional<Price> best;
  std::size_t best_length = 0;
  for (const auto& [name, price] : prices_) {
    if (name == model) return price;
    if (!name.ends_with('*') || !model.starts_with(std::string_view(name).substr(0, name.size() - 1))) continue;
    if (best && name.size() <= best_length) continue;
    best = price;
    best_length = name.size();
  }
  return best;
}

}  // namespace xsweep
