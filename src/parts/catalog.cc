// The catalog of all parts.
// SPDX-License-Identifier: Apache-2.0
#include "parts/catalog.h"

#include "models/provider_options.h"
#include "parts/agents/agents.h"
#include "parts/agents/external/external.h"
#include "parts/attacks/attacks.h"
#include "parts/defenses/defenses.h"
#include "parts/desks.h"
#include "parts/environments/bridge/bridge.h"
#include "parts/environments/declared/declared.h"
#include "parts/environments/declared/mcp_environment.h"
#include "parts/environments/declared/own_environment.h"
#include "parts/environments/recorded.h"
#include "parts/judges/judges.h"

namespace xsweep {

Catalog BuildCatalog() {
  Catalog catalog;
  catalog.environments = DeskEntries();
  catalog.environments.push_back(BridgeEntry());
  catalog.environments.push_back(McpEntry());
  catalog.environments.push_back(OwnEntry());
  catalog.environments.push_back(RecordedEntry());
  catalog.agents = AgentTable();
  for (const AgentEntry& entry : ExternalAgentTable()) catalog.agents.push_back(entry);
  catalog.attacks = AttackTable();
  catalog.defenses = DefenseTable();
  catalog.judges = JudgeTable();
  catalog.declared = DeclaredSpecs();
  catalog.providers = ProviderTable();
  return catalog;
}

}  // namespace xsweep
