// The JSON Schema of a config, printed from the tables that the loader checks with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "base/options/option.h"

namespace xsweep {

/// JSON Schema (draft 2020-12) for editors. What it cannot say (which options of several parts an axis over the name
/// makes reachable, axes inside one another, a range that runs backwards) only the loader refuses; it never refuses
/// what the loader takes.
Json ConfigSchema(const PartSpecs& specs);

}  // namespace xsweep
