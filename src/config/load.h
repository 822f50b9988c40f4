// YAML text becomes a valid SweepConfig, or everything that is wrong with it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/options/option.h"
#include "config/overrides.h"
#include "config/sweep_config.h"

namespace xsweep {

/// A config with the places of everything in it, so that whoever finds more wrong with it can point there.
struct LoadedConfig {
  SweepConfig config;
  MarkedValue tree;  ///< the file as it was read, with what the command line changed
  Faults faults;     ///< none yet; it knows the file and the flags that marks point to
};

/// What is wrong with a text; empty: nothing.
using CheckText = std::function<std::string(std::string_view)>;

/// The checked config with every default filled in. `specs` says which parts there are and what they take.
/// All faults are found in one go: the error (kUser) has an empty `where`, and its message holds one line
/// "file:line:column: message" per fault (see Faults::ToError).
///
/// A section without an axis over its name takes the options of its part. With one ("defense.name") it may hold the
/// options of every part the axis can put there; each cell keeps those its part accepts. Absent attack and defense
/// mean {name: none}. `check_gate` knows how gates are written, which is not the config's business.
Expected<LoadedConfig> LoadConfig(std::string_view text, const std::string& file_name, const PartSpecs& specs,
                                  const Overrides& overrides = {}, const CheckText& check_gate = {});

}  // namespace xsweep
