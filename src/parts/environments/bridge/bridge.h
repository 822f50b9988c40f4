// Bridge: an environment that lives in a worker process, usually the user's own Python.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode/catalog.h"

namespace xsweep {

/// The catalog's `python`: options command, data, timeout, workers. Workers of version 2 of the protocol play any
/// number of episodes at once; with one of version 1 each trial has a worker to itself, which is used again unless
/// something went wrong with it. Both protocols are in docs/environments.md; tools/xsweep_bridge.py is a worker of
/// both.
EnvironmentEntry BridgeEntry();

}  // namespace xsweep
