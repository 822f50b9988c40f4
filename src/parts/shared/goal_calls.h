// The effect kind of a goal that is nothing but its calls.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace xsweep {

/// Such a goal is reached when every one of its calls was executed; no effect of the environment shows it.
inline constexpr std::string_view kGoalCalls = "goal_calls";

}  // namespace xsweep
