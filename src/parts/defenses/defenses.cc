// The table of defenses.
// SPDX-License-Identifier: Apache-2.0
#include "parts/defenses/defenses.h"

namespace xsweep {

const std::vector<DefenseEntry>& DefenseTable() {
  static const std::vector<DefenseEntry> table = {
      NoDefenseEntry(),     RefundLimitEntry(), BlockEverythingEntry(), ToolPolicyEntry(), SpotlightEntry(),
      RepeatRequestEntry(), RedactEntry(),      InjectionRulesEntry(),  ModelGuardEntry(), StackEntry()};
  return table;
}

}  // namespace xsweep
