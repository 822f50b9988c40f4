// The table of agents.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/agents.h"

namespace xsweep {

const std::vector<AgentEntry>& AgentTable() {
  static const std::vector<AgentEntry> table = {ShimAgentEntry(), DoNothingEntry(), AlwaysComplyEntry(),
                                                ToolAgentEntry(), ImportedEntry()};
  return table;
}

}  // namespace xsweep
