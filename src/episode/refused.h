// Calls that an agent wanted and its own policy refused before they reached anybody.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace xsweep {

/// A call of a turn whose id begins so was stopped by the agent itself: attempted and blocked, by the agent. The loop
/// records it with what it would have done, asks no defense and executes nothing.
inline constexpr std::string_view kRefusedByAgent = "refused_by_agent_";

}  // namespace xsweep
