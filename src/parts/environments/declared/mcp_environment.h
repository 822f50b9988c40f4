// mcp: foreign MCP servers as an environment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode/catalog.h"

namespace xsweep {

/// The catalog's `mcp`: options servers, files, reset, probe, policy, timeout. Its tasks, goals, effects and vectors
/// are what the config declares.
EnvironmentEntry McpEntry();

}  // namespace xsweep
