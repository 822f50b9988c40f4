// Price: what the tokens of a model cost.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/price.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace xsweep {

std::int64_t Price::CostNanoUsd(const TokenCounts& tokens) const {
  constexpr double kNanoUsdPerToken = 1000;  // of one dollar per million tokens
  constexpr double kMost = 9e18;
  const double cached = static_cast<double>(tokens.cached);
  const double written = static_cast<double>(tokens.written);
  const double plain = static_cast<double>(tokens.prompt) - cached - written;
  const double cost = plain * input_usd_per_million +
                      cached * cached_input_usd_per_million.value_or(input_usd_per_million) +
                      written * cache_write_usd_per_million.value_or(input_usd_per_million) +
                      static_cast<double>(tokens.completion) * output_usd_per_million;
  return std::llround(std::clamp(cost * kNanoUsdPerToken, 0.0, kMost));
}

Price Price::Times(double part) const {
  const auto of = [part](std::optional<double> rate) { return rate ? std::optional(*rate * part) : rate; };
  return {input_usd_per_million * part, output_usd_per_million * part, of(cached_input_usd_per_million),
          of(cache_write_usd_per_million)};
}

Expected<Price> ReadPrice(const Json& mapping, std::string_view where) {
  const auto fault = [&](std::string_view what) {
    return UserError(fmt::format("{}; write {{input: 0.15, output: 0.60}}, in dollars per million tokens", what),
                     std::string(where));
  };
  if (!mapping.is_object()) return fault("this is no price");
  Price price;
  for (const auto& [key, value] : mapping.members()) {
    const bool known = key == "input" || key == "output" || key == "cached_input" || key == "cache_write";
    if (!known) return fault(fmt::format("a price has no `{}`", key));
    const double usd = value.is_number() ? value.AsDouble() : -1;
    if (!(usd >= 0 && usd <= 1e6)) return fault(fmt::format("`{}` is no amount", key));
    if (key == "input") price.input_usd_per_million = usd;
    if (key == "output") price.output_usd_per_million = usd;
    if (key == "cached_input") price.cached_input_usd_per_million = usd;
    if (key == "cache_write") price.cache_write_usd_per_million = usd;
  }
  const bool whole = mapping.Find("input") != nullptr && mapping.Find("output") != nullptr;
  if (!whole) return fault("a price needs both `input` and `output`");
  return price;
}

}  // namespace xsweep
