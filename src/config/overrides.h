// Applies what the command line changes to the tree of a config, before anything is checked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/faults.h"
#include "config/load.h"
#include "config/yaml_tree.h"

namespace xsweep {

/// `root` must be a mapping. New mappings appear where a path needs them; below `grid` the rest of a path is one key.
void ApplyOverrides(const Overrides& overrides, YamlNode& root, Faults& faults);

}  // namespace xsweep
