// RunFacts: what a run says about itself in one line.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/run_facts.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "record/logs/ledger.h"

namespace xsweep {
namespace {

using Cells = std::vector<const CellAggregate*>;

template <class Condition>
Cells CellsThat(const RunAggregate& run, Condition holds) {
  Cells cells;
  for (const CellAggregate& cell : run.cells) {
    if (holds(cell)) cells.push_back(&cell);
  }
  return cells;
}

/// Axes that a cell shares with its control.
std::vector<std::pair<std::string, std::string>> OtherAxes(const CellAggregate& cell) {
  auto axes = cell.axes;
  std::erase_if(axes, [](const auto& axis) { return axis.first == "defense" || axis.first.starts_with("defense."); });
  return axes;
}

const CellAggregate* ControlOf(const RunAggregate& run, const CellAggregate& cell) {
  const auto undefended = [&](const CellAggregate& other) {
    return &other != &cell && UnderAttack(other) && !HasDefense(other) && other.attack == cell.attack;
  };
  const Cells cells = CellsThat(run, undefended);
  const auto same = std::ranges::find_if(
      cells, [axes = OtherAxes(cell)](const CellAggregate* other) { return OtherAxes(*other) == axes; });
  if (same != cells.end()) return *same;
  return cells.empty() ? nullptr : cells.front();
}

void FindWorst(const RunAggregate& run, RunFacts& facts) {
  Cells cells = CellsThat(run, [](const CellAggregate& cell) { return cell.arm == Arm::kGrid && UnderAttack(cell); });
  if (cells.empty()) cells = CellsThat(run, UnderAttack);
  facts.defended = std::ranges::any_of(cells, [](const CellAggregate* cell) { return HasDefense(*cell); });
  if (facts.defended) std::erase_if(cells, [](const CellAggregate* cell) { return !HasDefense(*cell); });
  facts.candidates = std::ssize(cells);
  facts.without_rate = std::ranges::count_if(cells, [](const CellAggregate* cell) { return cell->asr.n == 0; });
  const auto rate = [](const CellAggregate* cell) { return cell->asr.value().value_or(-1); };
  if (!cells.empty()) facts.worst = *std::ranges::max_element(cells, {}, rate);
  if (facts.worst != nullptr && facts.defended) facts.control = ControlOf(run, *facts.worst);
}

void FindBenign(const RunAggregate& run, RunFacts& facts) {
  const auto assessed = [](const CellAggregate& cell) { return Benign(cell) && cell.task_success.n > 0; };
  Cells cells = CellsThat(run, [&](const CellAggregate& cell) {
    return assessed(cell) && (facts.worst == nullptr || cell.defense == facts.worst->defense);
  });
  if (cells.empty()) cells = CellsThat(run, assessed);
  facts.benign_cells = std::ssize(cells);
  const auto rate = [](const CellAggregate* cell) { return *cell->task_success.value(); };
  if (!cells.empty()) facts.benign = *std::ranges::min_element(cells, {}, rate);
}

}  // namespace

const CellAggregate* RunFacts::utility() const {
  if (benign != nullptr) return benign;
  return worst != nullptr && worst->task_success.n > 0 ? worst : nullptr;
}

bool HasDefense(const CellAggregate& cell) {
  return cell.arm != Arm::kNoDefense && !cell.defense.empty() && cell.defense != "none";
}

bool UnderAttack(const CellAggregate& cell) {
  return cell.tally.attacked() > 0 || (!Benign(cell) && cell.arm != Arm::kNoAttack && cell.tally.ended() > 0);
}

bool StoppedByItsGates(const RunFindings& run) { return run.budget.StringOr("stopped_by", "") == kStoppedByGates; }

bool Benign(const CellAggregate& cell) {
  // As planned, where no trial has shown it.
  const bool unattacked = cell.arm == Arm::kNoAttack || cell.attack == "none";
  return cell.tally.of(Outcome::kBenign) > 0 || (unattacked && cell.tally.attacked() == 0);
}

RunFacts FactsOf(const RunAggregate& run) {
  RunFacts facts;
  FindWorst(run, facts);
  FindBenign(run, facts);
  return facts;
}

}  // namespace xsweep
