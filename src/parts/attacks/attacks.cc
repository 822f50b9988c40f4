// The table of attacks.
// SPDX-License-Identifier: Apache-2.0
#include "parts/attacks/attacks.h"

#include <algorithm>

namespace xsweep {
namespace {

// The order in which `xsweep schema` has always listed them; a new row comes last.
constexpr std::string_view kOrder[] = {"none",
                                       "static",
                                       "escalating_dialogue",
                                       "record_injection",
                                       "sequence",
                                       "best_of",
                                       "important_instructions",
                                       "ignore_previous",
                                       "fake_system_message",
                                       "tool_knowledge",
                                       "tool_description",
                                       "rug_pull"};

std::vector<AttackEntry> MakeTable() {
  std::vector<AttackEntry> table = {NoAttackEntry()};
  std::ranges::move(InjectionEntries(), std::back_inserter(table));
  std::ranges::move(TurnEntries(), std::back_inserter(table));
  table.push_back(ImportantInstructionsEntry());
  table.push_back(CombinedEntry());
  table.push_back(ModelAttackerEntry());
  table.push_back(BenchmarkAttackEntry());
  std::ranges::stable_sort(table, {},
                           [](const AttackEntry& entry) { return std::ranges::find(kOrder, entry.spec.name); });
  return table;
}

}  // namespace

const std::vector<AttackEntry>& AttackTable() {
  static const std::vector<AttackEntry> table = MakeTable();
  return table;
}

}  // namespace xsweep
