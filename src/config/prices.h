// Prices: what a model's tokens cost where its own section does not say so; a price that nobody stated is unknown,
// never 0.
//
// First comes `price` of the model, then the config's `prices` by model name, then the list that the binary carries
// (data/prices.yaml) for the servers of those who publish it. An address of somebody's own has no list price, whatever
// its models are called.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "base/options/faults.h"
#include "config/sweep_config.h"
#include "config/yaml_tree.h"

namespace xsweep {

/// A table {model: {input: USD, output: USD}}, in dollars per million tokens; what is wrong with it goes to `faults`. A
/// name that ends in "*" stands for all that begin like it.
Json CheckPrices(const MarkedValue& node, Faults& faults);
/// The same from a file that holds nothing else. Fails with kUser, all faults with their places.
Expected<Json> ReadPricesFile(const std::filesystem::path& path);

/// The entry of that name in a checked table, or else the longest one with a "*" that fits; nullptr when there is none.
const Json* FindPrice(const Json& table, std::string_view model);
/// The list price of a model at the server under `base_url`, or nullptr.
const Json* ListPrice(std::string_view base_url, std::string_view model);

/// Gives a model without `price` the one that `table` or the list has for it, if any.
void StatePrice(const Json& table, PartConfig& model);

}  // namespace xsweep
