// RecordedEntry: the environment of imported results whose world nobody has: its tasks have names and nothing else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode/catalog.h"

namespace xsweep {

/// The row of the catalog: `recorded`. Nothing can be run in it; it is there so that a judge can read its dialogues.
EnvironmentEntry RecordedEntry();

}  // namespace xsweep
