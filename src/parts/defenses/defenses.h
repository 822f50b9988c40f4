// The defenses, by name. All are described in docs/attacks.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "episode/catalog.h"

namespace xsweep {

using DefenseEntry = PartEntry<PartFactory<Defense>>;

DefenseEntry NoDefenseEntry();        ///< none
DefenseEntry RefundLimitEntry();      ///< refund_limit: no call that names more money than a threshold
DefenseEntry BlockEverythingEntry();  ///< block_everything: a control that denies every call
DefenseEntry ToolPolicyEntry();       ///< tool_policy: allow, deny or ask by tool and arguments
DefenseEntry SpotlightEntry();        ///< spotlight: marks tool results as data
DefenseEntry RepeatRequestEntry();    ///< repeat_request: says the user's request again after each result
DefenseEntry RedactEntry();           ///< redact: patterns taken out of tool results
DefenseEntry InjectionRulesEntry();   ///< injection_rules: documented heuristics
DefenseEntry ModelGuardEntry();       ///< model_guard: a model says yes or no
DefenseEntry StackEntry();            ///< stack: several in order

const std::vector<DefenseEntry>& DefenseTable();

}  // namespace xsweep
