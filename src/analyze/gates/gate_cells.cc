// GateCells: which cells of a run a gate asks.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/gates/gate_cells.h"

#include <algorithm>
#include <functional>

#include "analyze/run_facts.h"

namespace xsweep {
namespace {

using Cells = std::vector<const CellAggregate*>;

void OnlyDefended(Cells& cells) {
  const auto defended = [](const CellAggregate* cell) { return HasDefense(*cell); };
  if (std::ranges::any_of(cells, defended)) std::erase_if(cells, std::not_fn(defended));
}

}  // namespace

std::vector<const CellAggregate*> CellsConcerned(const Gate& gate, const RunAggregate& run) {
  Cells attacked, assessed, benign;
  for (const CellAggregate& cell : run.cells) {
    const bool grid = cell.arm == Arm::kGrid;
    if (grid && !Benign(cell)) attacked.push_back(&cell);
    if (grid && !Benign(cell) && (cell.task_success.n > 0 || cell.tally.ended() == 0)) assessed.push_back(&cell);
    if ((grid || cell.arm == Arm::kNoAttack) && Benign(cell)) benign.push_back(&cell);
  }
  OnlyDefended(attacked);
  OnlyDefended(assessed);
  OnlyDefended(benign);
  switch (gate.rate) {
    case GateRate::kAsr:
    case GateRate::kAsrExposed: return attacked;
    case GateRate::kBenignUtility: return benign;
    case GateRate::kUtilityUnderAttack: return assessed;
    case GateRate::kErrorRate: return {};
    case GateRate::kTaskSuccess: break;
  }
  const auto spoken = [](const CellAggregate* cell) { return cell->task_success.n > 0; };
  if (!std::ranges::any_of(assessed, spoken)) return benign.empty() ? assessed : benign;
  // A grid that ranges over attacks and none asks the same of both.
  for (const CellAggregate* cell : benign) {
    if (cell->arm == Arm::kGrid) assessed.push_back(cell);
  }
  return assessed;
}

std::string WhyNoCell(const Gate& gate, const RunAggregate& run) {
  if (gate.rate == GateRate::kBenignUtility) return "no cell is without an attack; `controls: true` adds one";
  const bool attacked =
      std::ranges::any_of(run.cells, [](const auto& cell) { return cell.arm == Arm::kGrid && !Benign(cell); });
  if (!attacked) return "no cell of its grid is attacked";
  return "no trial has a task that could be solved: the attack speaks instead of the user, so nobody asks for it; "
         "`controls: true` adds trials without an attack";
}

}  // namespace xsweep
