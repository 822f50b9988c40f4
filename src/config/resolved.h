// A config written back: as YAML that loads to the same config, and as a fingerprint of what it means.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "config/sweep_config.h"

namespace xsweep {

/// The fully resolved config, defaults included: loading it with the same parts gives an equal SweepConfig (its
/// `source` aside). Where an axis chooses a section's part, an option on whose default the parts disagree is left out.
std::string ResolvedYaml(const SweepConfig& config);

/// 16 hex digits over what the config means: the same for any order of keys, spelling of numbers, layout, and for
/// other names and descriptions; different when a part, option, axis, seed, limit, gate or mode differs.
std::string ConfigHash(const SweepConfig& config);

/// Compact JSON with the members of every object sorted by name: equal values give equal bytes.
std::string CanonicalDump(const Json& value);

/// {name: ..., options} (or provider) as one value.
Json PartAsJson(std::string_view name_key, const PartConfig& part);

}  // namespace xsweep
