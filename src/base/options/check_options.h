// The one checker of options: configs, parts inside parts, models and limits go through it. Fills defaults in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/faults.h"
#include "base/options/marked_value.h"
#include "base/options/option.h"

namespace xsweep {

/// Where an option stands: whose parts a nested mapping may name, what messages call one, and how deep we are.
struct PartFamily {
  std::string_view noun;                         ///< "defense"
  std::string_view name_key;                     ///< "name" or "provider"
  const std::vector<PartSpec>* specs = nullptr;  ///< nullptr: no parts may be nested here (limits, top-level keys)
};

/// The checked value in its normal form: a whole number in place of a float without a fraction, nested parts with
/// their defaults. Empty when it was wrong; then `faults` says why, at the value. `label` names it: "judge.threshold".
std::optional<Json> CheckOption(const OptionSpec& spec, const MarkedValue& node, const std::string& label,
                                const PartFamily& family, Faults& faults);

/// A whole part as an option or axis value: {name: ..., options with defaults in the order of the spec}.
std::optional<Json> CheckPart(const MarkedValue& node, const std::string& label, const PartFamily& family,
                              Faults& faults);

/// The part that `node` names, or nullptr with a fault.
const PartSpec* CheckPartName(const MarkedValue& node, const std::string& label, const PartFamily& family,
                              Faults& faults);

/// Options of one part from entries that may hold more than it accepts (those are passed over): checked, defaults
/// filled in. `from_axes` are options that a grid axis supplies, so they may be absent here.
Json FillOptions(const PartSpec& part, const std::vector<MarkedEntry>& entries, Mark section_at,
                 const std::string& label, const std::vector<std::string>& from_axes, const PartFamily& family,
                 Faults& faults);

/// The same for a mapping (or null) that stands in no file: of a part inside a part, of a model, of a caller without a
/// config. Fails with kUser, all faults in one message; `where` names the part ("defense refund_limit").
Expected<Json> CompleteOptions(const PartSpec& part, const Json& options, const PartFamily& family,
                               const std::string& where);

/// "unknown defense `x`; did you mean `y`?" as a kUser error.
Error UnknownPart(const PartFamily& family, std::string_view name);

}  // namespace xsweep
