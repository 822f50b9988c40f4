// The providers by name, and the options that a config may give them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/options/option.h"

namespace xsweep {

/// What a config may write under `models.<role>`: openai, anthropic, scripted.
std::vector<PartSpec> ProviderTable();

/// What the table cannot say about options: that `base_url` is an address, `price` a price, and that `extra` leaves
/// alone what is ours to write. Each fault names its option in `where`. Needs neither key nor network.
std::vector<Error> FaultsOfModelOptions(const Json& options);

/// Null where the option is not there or null.
const Json* GivenOption(const Json& options, std::string_view name);

}  // namespace xsweep
