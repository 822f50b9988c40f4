// Checks values against OptionSpecs and fills defaults in, nested parts included.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/option.h"
#include "config/faults.h"
#include "config/yaml_tree.h"

namespace xsweep {

/// Where an option stands: whose parts a nested mapping may name, what messages call one, and how deep we are.
struct PartFamily {
  std::string_view noun;                         ///< "defense"
  std::string_view name_key;                     ///< "name" or "provider"
  const std::vector<PartSpec>* specs = nullptr;  ///< nullptr: no parts may be nested here (limits, top-level keys)
};

/// The checked value in its normal form: a whole number in place of a float without a fraction, nested parts with
/// their defaults. Empty when it was wrong; then `faults` says why, at the value. `label` names it: "judge.threshold".
std::optional<Json> CheckOption(const OptionSpec& spec, const YamlNode& node, const std::string& label,
                                const PartFamily& family, Faults& faults);

/// A whole part as an option or axis value: {name: ..., options with defaults in the order of the spec}.
std::optional<Json> CheckPart(const YamlNode& node, const std::string& label, const PartFamily& family, Faults& faults);

/// The part that `node` names, or nullptr with a fault.
const PartSpec* CheckPartName(const YamlNode& node, const std::string& label, const PartFamily& family, Faults& faults);

/// Options of one part from entries that may hold more than it accepts (those are passed over): checked, defaults
/// filled in. `from_axes` are options that a grid axis supplies, so they may be absent here.
Json FillOptions(const PartSpec& part, const std::vector<YamlEntry>& entries, Mark section_at, const std::string& label,
                 const std::vector<std::string>& from_axes, const PartFamily& family, Faults& faults);

}  // namespace xsweep
