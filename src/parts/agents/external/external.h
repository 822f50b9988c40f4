// External agents: agents as people have them, over the tools that we serve.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "parts/agents/agents.h"

namespace xsweep {

AgentEntry ProcessAgentEntry();  ///< process: a command, started for each trial
AgentEntry AcpAgentEntry();      ///< acp: a command that speaks the Agent Client Protocol; several user turns
AgentEntry HttpAgentEntry();     ///< http: an agent that runs elsewhere and answers a request

const std::vector<AgentEntry>& ExternalAgentTable();
/// Whether that name is one of the table: such an agent needs REAL and has no model of ours.
bool IsExternalAgent(std::string_view name);

}  // namespace xsweep
