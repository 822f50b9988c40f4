// The attacks, by name. All are described in docs/attacks.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "episode/catalog.h"

namespace xsweep {

using AttackEntry = PartEntry<AttackPlan>;

AttackEntry NoAttackEntry();            ///< none
AttackEntry EscalatingDialogueEntry();  ///< escalating_dialogue: a stronger text on each turn
AttackEntry SequenceEntry();            ///< sequence: fixed turns
AttackEntry BestOfEntry();              ///< best_of: variants, any of which may succeed

AttackEntry StaticAttackEntry();     ///< static: one text through any channel
AttackEntry RecordInjectionEntry();  ///< record_injection: a text inside a field of a tool's result
AttackEntry ImportantInstructionsEntry();
AttackEntry IgnorePreviousEntry();
AttackEntry FakeSystemMessageEntry();
AttackEntry ToolKnowledgeEntry();
AttackEntry ToolDescriptionEntry();  ///< tool_description: a poisoned tool text
AttackEntry RugPullEntry();          ///< rug_pull: harmless on the first n reads

AttackEntry CombinedEntry();       ///< combined: several at once
AttackEntry ModelAttackerEntry();  ///< model_attacker: a model that sees the dialogue and tries again

const std::vector<AttackEntry>& AttackTable();

}  // namespace xsweep
