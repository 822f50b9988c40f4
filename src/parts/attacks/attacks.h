// The attacks, by name. All are described in docs/attacks.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "episode/catalog.h"

namespace xsweep {

using AttackEntry = PartEntry<AttackPlan>;

AttackEntry NoAttackEntry();             ///< none
std::vector<AttackEntry> TurnEntries();  ///< escalating_dialogue, sequence, best_of: several turns
std::vector<AttackEntry>
InjectionEntries();                        ///< one text through one channel: a row of parts/attacks/injections.cc each
AttackEntry ImportantInstructionsEntry();  ///< important_instructions: a text made of what the attacker knows
AttackEntry CombinedEntry();               ///< combined: several at once
AttackEntry BenchmarkAttackEntry();        ///< benchmark_attack: one that a worker knows by name
AttackEntry ModelAttackerEntry();          ///< model_attacker: a model that sees the dialogue and tries again

const std::vector<AttackEntry>& AttackTable();

}  // namespace xsweep
