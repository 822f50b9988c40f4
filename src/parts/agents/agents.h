// The agents, by name.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "episode/catalog.h"

namespace xsweep {

using AgentEntry = PartEntry<PartFactory<Agent>>;

AgentEntry ShimAgentEntry();     ///< shim: the simulated agent of docs/shim.md
AgentEntry DoNothingEntry();     ///< do_nothing: a control that answers and never calls a tool
AgentEntry AlwaysComplyEntry();  ///< always_comply: a control that makes the attacker's calls at once
AgentEntry ToolAgentEntry();     ///< tool_agent: a model with tools
AgentEntry ImportedEntry();      ///< imported: stands for the agent of imported results

const std::vector<AgentEntry>& AgentTable();

}  // namespace xsweep
