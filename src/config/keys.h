// The keys of a config as tables: the loader checks with them and the JSON Schema is printed from them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/options/option.h"
#include "config/sweep_config.h"

namespace xsweep {

/// What stands behind a key at the top of the file.
enum class KeyShape {
  kOption,  ///< a plain value, checked by its OptionSpec
  kSeeds,
  kSection,  ///< one of the five roles
  kGrid,
  kLimits,
  kModels,
  kPrices,
  kDeclared,  ///< a list of records, whose fields `PartSpecs::declared` knows
};

struct KeySpec {
  KeyShape shape = KeyShape::kOption;
  OptionSpec option;                                 ///< name, help, required; of a kOption: as in PlainKeys()
  std::string pattern;                               ///< of a kOption text: as a regular expression, for the schema
  bool (*matches)(std::string_view text) = nullptr;  ///< the same, for the loader
  std::string_view expectation;                      ///< the same, in words
};

const std::vector<KeySpec>& TopKeys();
/// The keys that are plain values, bound to the members that they fill.
const Options<SweepConfig>& PlainKeys();
/// What stands under `limits`, but for `roles`.
const Options<Limits>& LimitKeys();
/// What stands under `limits.roles.<role>`. Wall-clock time and the outcome of a trial belong to no role alone, so
/// `max_seconds` and `max_error_rate` are not among them.
const Options<CallLimits>& RoleLimitKeys();
/// What `limits.roles` is for, in words.
std::string_view RoleLimitsHelp();
/// The words of Role.
const std::vector<std::string>& ModelRoles();
/// "environment", "agent", "attack", "defense", "judge".
const std::vector<std::string>& RoleSections();
/// The five roles and models.<role>: everything an axis can reach into.
const std::vector<std::string>& AllSections();
/// The parts that can stand in that section ("defense", "models.agent").
const std::vector<PartSpec>& SpecsOf(std::string_view section, const PartSpecs& specs);
/// What messages call a part of that section: "defense", "provider", ...
std::string_view PartNoun(std::string_view section);

/// Options of the environment that decide which tasks there are; an axis over them would change the plan under it.
bool ChangesTasks(std::string_view environment_option);

}  // namespace xsweep
