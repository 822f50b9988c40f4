// YAML text becomes a valid SweepConfig, or everything that is wrong with it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/option.h"
#include "config/sweep_config.h"

namespace xsweep {

/// What the command line changes, as it was typed. Errors name the flag instead of a place in the file.
struct Overrides {
  std::optional<std::string> exp{};
  std::optional<std::string> mode{};
  std::optional<std::string> seeds{};  ///< "41,42" or "1..64"
  std::optional<std::string> trials{};
  /// "PATH=VALUE", VALUE as YAML: "attack.levels=[a, b]"; applied in order, before the flags above.
  std::vector<std::string> sets{};
  /// A table as ReadPricesFile returns it; the config's own `prices` come first. Null: none.
  Json prices{};
};

/// The checked config with every default filled in. `specs` says which parts there are and what they take.
/// All faults are found in one go: the error (kUser) has an empty `where`, and its message holds one line
/// "file:line:column: message" per fault (see Faults::ToError).
///
/// A section without an axis over its name takes the options of its part. With one ("defense.name") it may hold the
/// options of every part the axis can put there; each cell keeps those its part accepts. Absent attack and defense
/// mean {name: none}.
Expected<SweepConfig> LoadConfig(std::string_view text, const std::string& file_name, const PartSpecs& specs,
                                 const Overrides& overrides = {});

}  // namespace xsweep
