// Part words: what a person asks of the catalog: which parts there are, what one takes, and a config that runs it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/option.h"

namespace xsweep {

/// "attack", "defense", "judge", "agent", "environment", "model".
const std::vector<std::string>& PartRoles();
/// The parts of that role; of "model" the providers.
const std::vector<PartSpec>& PartsOf(const PartSpecs& specs, std::string_view role);

/// A line for each part of the role, wrapped to `width` columns.
std::string ListParts(const PartSpecs& specs, std::string_view role, std::size_t width);
/// What the part does and a line for each option: its name, type, default, bounds and help.
std::string DescribePart(const PartSpec& part, std::string_view role, std::size_t width);

/// The part as it stands in a config, with every option at its default: "attack:\n  name: static\n  goal: ...".
std::string ExampleSection(const PartSpec& part, std::string_view role);
/// A whole config around the part that runs in seconds on the bundled desk without a key: parts that ask a model get a
/// scripted one. Empty where there is none, because the part needs data or a program of its own.
std::optional<std::string> ExampleConfig(const PartSpec& part, std::string_view role);

}  // namespace xsweep
