// own: the agent's own tools as an environment, seen through the relay.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode/catalog.h"

namespace xsweep {

/// The catalog's `own`: options tools, policy. Its tasks, goals, effects and vectors are what the config declares.
EnvironmentEntry OwnEntry();

}  // namespace xsweep
