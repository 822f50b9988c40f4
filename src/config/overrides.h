// Applies what the command line changes to the tree of a config, before anything is checked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/options/faults.h"
#include "base/options/marked_value.h"

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

/// `root` must be a mapping. New mappings appear where a path needs them; below `grid` the rest of a path is one key.
void ApplyOverrides(const Overrides& overrides, MarkedValue& root, Faults& faults);

}  // namespace xsweep
