// What a foreign agent's output says: its answer, that it failed, and which calls its own policy stopped.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "parts/agents/external/broker.h"
#include "parts/agents/external/presets.h"

namespace xsweep {

/// Reads what a process wrote to stdout and how it exited (minus a signal's number). An exit code alone proves
/// nothing: agents exit 0 without tools and without a model, so what they say counts as well. `errors` are its last
/// words on stderr.
AgentEnd ReadAnswer(AnswerIn kind, std::string_view output, int exit_code, std::string_view errors);

}  // namespace xsweep
