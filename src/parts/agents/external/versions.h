// What is known of an external agent's program: for run.json.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"

namespace xsweep {

/// "claude-code, 2.1.332 (Claude Code)", with the tools of its own that stay on; "version unknown" where the program
/// does not say it. Starts the program; `options` are the agent's in the config.
std::string DescribeExternalAgent(const std::string& name, const Json& options);

}  // namespace xsweep
