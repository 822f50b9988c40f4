// The table of attacks.
// SPDX-License-Identifier: Apache-2.0
#include "parts/attacks/attacks.h"

namespace xsweep {

const std::vector<AttackEntry>& AttackTable() {
  static const std::vector<AttackEntry> table = {
      NoAttackEntry(),          StaticAttackEntry(),  EscalatingDialogueEntry(),    RecordInjectionEntry(),
      SequenceEntry(),          BestOfEntry(),        ImportantInstructionsEntry(), IgnorePreviousEntry(),
      FakeSystemMessageEntry(), ToolKnowledgeEntry(), ToolDescriptionEntry(),       RugPullEntry(),
      CombinedEntry(),          ModelAttackerEntry()};
  return table;
}

}  // namespace xsweep
