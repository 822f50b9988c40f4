// The table of external agents.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/external.h"

#include <algorithm>

namespace xsweep {

const std::vector<AgentEntry>& ExternalAgentTable() {
  static const std::vector<AgentEntry> table = {ProcessAgentEntry(), AcpAgentEntry(), HttpAgentEntry()};
  return table;
}

bool IsExternalAgent(std::string_view name) {
  return std::ranges::any_of(ExternalAgentTable(), [&](const AgentEntry& entry) { return entry.spec.name == name; });
}

}  // namespace xsweep
