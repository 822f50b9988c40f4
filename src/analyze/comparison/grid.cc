// Grids: every cell against its control, and attacks against defenses.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/grid.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "analyze/run_facts.h"

namespace xsweep {
namespace {

constexpr std::string_view kNone = "none";

/// The axes without those of the defense: what a cell shares with its control.
std::vector<std::pair<std::string, std::string>> OtherAxes(const CellAggregate& cell) {
  auto axes = cell.axes;
  std::erase_if(axes, [](const auto& axis) { return axis.first == "defense" || axis.first.starts_with("defense."); });
  return axes;
}

bool Undefended(const CellAggregate& cell) { return cell.arm == Arm::kNoDefense || cell.defense == kNone; }

bool HasTrials(const CellAggregate& cell) { return UnderAttack(cell) || cell.task_success.n > 0; }

const CellAggregate* FirstAttacked(const RunAggregate& run) {
  const auto found = std::ranges::find_if(run.cells, &CellAggregate::attacked);
  return found == run.cells.end() ? nullptr : &*found;
}

/// Finds the control of a cell in one step: a grid may have a hundred thousand.
class Controls {
 public:
  explicit Controls(const RunAggregate& run)
      : first_attacked_(FirstAttacked(run)), nothing_defended_(std::ranges::all_of(run.cells, Undefended)) {
    for (const CellAggregate& cell : run.cells) {
      if (HasTrials(cell) && Undefended(cell)) undefended_.emplace(KeyOf(cell), &cell);
    }
  }

  const CellAggregate* Of(const CellAggregate& cell) const {
    const CellAggregate* without = UnderAttack(cell) ? first_attacked_ : nullptr;
    if (nothing_defended_) return without;
    if (Undefended(cell)) return nullptr;
    const auto found = undefended_.find(KeyOf(cell));
    return found == undefended_.end() ? without : found->second;
  }

 private:
  using Key = std::tuple<std::string, bool, std::vector<std::pair<std::string, std::string>>>;
  static Key KeyOf(const CellAggregate& cell) { return {cell.attack, UnderAttack(cell), OtherAxes(cell)}; }

  const CellAggregate* first_attacked_;
  bool nothing_defended_;
  std::map<Key, const CellAggregate*> undefended_;  ///< the first of each
};

void AddContrast(const CellAggregate& cell, const CellAggregate& control, ContrastTable& table) {
  table.rows.push_back({cell.id, control.id, CompareCells(Measure::kAsr, control, cell),
                        CompareCells(Measure::kTaskSuccess, control, cell)});
}

/// In the order in which rows name them.
std::vector<std::string> ControlsOf(const std::vector<Contrast>& rows) {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  for (const Contrast& row : rows) {
    if (seen.insert(row.control).second) names.push_back(row.control);
  }
  return names;
}

void JudgeTable(ContrastTable& table) {
  std::vector<Difference*> asr, task_success;
  for (Contrast& row : table.rows) {
    asr.push_back(&row.asr);
    task_success.push_back(&row.task_success);
  }
  AdjustAndJudge(asr, table.adjustment);
  AdjustAndJudge(task_success, table.adjustment);
  FindDetectable(asr);
  FindDetectable(task_success);
}

std::size_t PlaceOf(const std::string& name, std::vector<std::string>& names) {
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

/// What a defense costs those who attack nobody; under attack where nothing else was run. Cells are never added up: an
/// axis of the judge would count the same arm again.
void AddUtility(const RunAggregate& run, DefenseMatrix& matrix) {
  for (const std::string& defense : matrix.defenses) {
    const CellAggregate *calm = nullptr, *attacked = nullptr;
    for (const CellAggregate& cell : run.cells) {
      if (cell.defense != defense || cell.task_success.n == 0) continue;
      const CellAggregate*& worst = Benign(cell) ? calm : attacked;
      if (worst == nullptr || cell.task_success.estimate < worst->task_success.estimate) worst = &cell;
    }
    const CellAggregate* shown = calm != nullptr ? calm : attacked;
    matrix.utility_without_attack.push_back(calm != nullptr);
    matrix.utility.push_back(shown != nullptr ? shown->task_success : Rate());
  }
}

void AddWorstAttacks(DefenseMatrix& matrix) {
  for (const auto& row : matrix.squares) {
    std::vector<std::size_t>& worst = matrix.worst_attacks.emplace_back();
    for (std::size_t attack = 0; attack < row.size(); ++attack) {
      if (!row[attack] || row[attack]->asr.n == 0) continue;
      const double rate = row[attack]->asr.estimate;
      if (!worst.empty() && rate < row[worst[0]]->asr.estimate) continue;
      if (!worst.empty() && rate > row[worst[0]]->asr.estimate) worst.clear();
      worst.push_back(attack);
    }
  }
}

}  // namespace

ContrastTable ContrastWithControls(const RunAggregate& run, Adjustment adjustment) {
  ContrastTable table;
  table.adjustment = adjustment;
  const Controls controls(run);
  for (const CellAggregate& cell : run.cells) {
    const CellAggregate* control = HasTrials(cell) ? controls.Of(cell) : nullptr;
    if (control != nullptr && control != &cell) AddContrast(cell, *control, table);
  }
  table.controls = ControlsOf(table.rows);
  JudgeTable(table);
  return table;
}

DefenseMatrix MakeDefenseMatrix(const RunAggregate& run) {
  DefenseMatrix matrix;
  const auto placed = [](const CellAggregate& cell) {
    return cell.tally.of(Outcome::kBenign) == 0 && !cell.attack.empty() && !cell.defense.empty();
  };
  for (const CellAggregate& cell : run.cells) {
    if (!placed(cell)) continue;
    PlaceOf(cell.attack, matrix.attacks);
    PlaceOf(cell.defense, matrix.defenses);
  }
  matrix.squares.resize(matrix.defenses.size(), std::vector<std::optional<MatrixSquare>>(matrix.attacks.size()));
  for (const CellAggregate& cell : run.cells) {
    if (!placed(cell)) continue;
    auto& square = matrix.squares[PlaceOf(cell.defense, matrix.defenses)][PlaceOf(cell.attack, matrix.attacks)];
    if (!square || cell.asr.value().value_or(-1) > square->asr.value().value_or(-1)) {
      square = MatrixSquare{cell.id,  cell.tally.attacked(), cell.tally.most_queries,
                            cell.asr, cell.asr_exposed,      cell.task_success};
    }
  }
  AddWorstAttacks(matrix);
  AddUtility(run, matrix);
  return matrix;
}

}  // namespace xsweep
