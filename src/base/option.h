// What a part accepts, as data: the same table checks configs, prints the JSON Schema and documents the part.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace xsweep {

enum class OptionType {
  kBool,
  kInteger,
  kNumber,
  kString,
  kStringList,   ///< a list of strings; `minimum` bounds its length
  kNumberRange,  ///< [low, high], low <= high
  kPart,         ///< a mapping {name: ..., options...} of the same role
  kPartList,     ///< a list of such mappings
  kList,         ///< a list of anything; the part checks its items in `prepare`
  kMapping,      ///< a mapping of anything; the part checks it in `prepare`
  kAny,
};

struct OptionSpec {
  std::string name;
  OptionType type = OptionType::kString;
  std::string help{};  ///< one sentence, shown by `xsweep schema` and the docs
  Json fallback{};     ///< filled in when absent; null means: absent stays absent
  bool required = false;
  std::optional<double> minimum{};
  std::optional<double> maximum{};
  std::vector<std::string> choices{};  ///< of a kString: the only values allowed; empty means any
};

/// One part of a role: its name in configs and what may stand beside the name.
struct PartSpec {
  std::string name;
  std::string summary;
  std::vector<OptionSpec> options{};
  std::string model_role{};  ///< it asks the model `models.<role>`; empty: it asks none
};

/// Everything a config may name. `config` checks against it without knowing a single part.
struct PartSpecs {
  std::vector<PartSpec> environments;
  std::vector<PartSpec> agents;
  std::vector<PartSpec> attacks;
  std::vector<PartSpec> defenses;
  std::vector<PartSpec> judges;
  std::vector<PartSpec> providers;  ///< under `models.<role>`, named by `provider`
};

}  // namespace xsweep
