// Heat panels: a grid's cells by pairs of axes, and attacks against defenses.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/heat_panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "analyze/comparison/grid.h"
#include "analyze/numbers.h"
#include "base/escape.h"
#include "pictures/chart.h"

namespace xsweep {
namespace {

/// Of an axis: squares for more have no room for their figures.
constexpr std::size_t kMostValues = 60;

using KeyOf = std::function<std::optional<std::string>(const CellAggregate&)>;

std::size_t Place(std::vector<std::string>& values, const std::string& value) {
  const auto found = std::ranges::find(values, value);
  if (found != values.end()) return static_cast<std::size_t>(found - values.begin());
  values.push_back(value);
  return values.size() - 1;
}

/// Every cell for which both keys exist; of several in one square the worst.
HeatPanel MakePanel(const RunAggregate& aggregate, const KeyOf& row_of, const KeyOf& column_of) {
  HeatPanel panel;
  struct Placed {
    std::size_t row, column;
    const CellAggregate* cell;
  };
  std::vector<Placed> placed;
  for (const CellAggregate& cell : aggregate.cells) {
    const auto row = row_of(cell);
    const auto column = column_of(cell);
    if (row && column) placed.push_back({Place(panel.rows, *row), Place(panel.columns, *column), &cell});
  }
  panel.entries.resize(panel.rows.size() * panel.columns.size());
  for (const auto& [row, column, cell] : placed) {
    HeatPanel::Entry& entry = panel.At(row, column);
    panel.chosen |= entry.present;
    if (entry.present && cell->asr.value().value_or(-1) <= entry.asr.value().value_or(-1)) continue;
    entry = {true, cell->asr, cell->tally.attacked() - cell->asr.n};
  }
  return panel;
}

KeyOf AxisKey(const std::string& path) {
  return [path](const CellAggregate& cell) -> std::optional<std::string> {
    if (cell.arm != Arm::kGrid) return std::nullopt;
    const auto axis = std::ranges::find(cell.axes, path, &std::pair<std::string, std::string>::first);
    if (axis == cell.axes.end()) return std::nullopt;
    return axis->second;
  };
}

struct Axis {
  std::string path;
  std::vector<std::string> values;
};

std::vector<Axis> AxesOf(const RunAggregate& aggregate) {
  std::vector<Axis> axes;
  for (const CellAggregate& cell : aggregate.cells) {
    if (cell.arm != Arm::kGrid) continue;
    for (const auto& [path, value] : cell.axes) {
      auto axis = std::ranges::find(axes, path, &Axis::path);
      if (axis == axes.end()) axis = axes.insert(axes.end(), {path, {}});
      Place(axis->values, value);
    }
  }
  std::erase_if(axes, [](const Axis& axis) { return axis.values.size() < 2; });
  return axes;
}

/// Attacks that try more often are not the same question.
std::string EffortWords(const DefenseMatrix& matrix) {
  std::int64_t least = INT64_MAX, most = 0;
  std::string words;
  for (std::size_t attack = 0; attack < matrix.attacks.size(); ++attack) {
    std::int64_t queries = 0;
    for (const auto& row : matrix.squares) {
      if (row[attack]) queries = std::max(queries, row[attack]->queries);
    }
    least = std::min(least, queries);
    most = std::max(most, queries);
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", MarkdownCode(matrix.attacks[attack]), queries);
  }
  if (matrix.attacks.size() < 2 || 2 * most < 3 * std::max<std::int64_t>(least, 1)) return {};
  return "Unequal effort, so its columns do not rank attacks; most tries in a trial: " + words + ".";
}

}  // namespace

std::vector<HeatPanel> HeatPanels(const RunAggregate& aggregate) {
  std::vector<HeatPanel> panels;
  const std::vector<Axis> axes = AxesOf(aggregate);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    for (std::size_t j = i + 1; j < axes.size(); ++j) {
      const bool longer = axes[i].values.size() >= axes[j].values.size();
      const Axis& down = longer ? axes[i] : axes[j];
      const Axis& across = longer ? axes[j] : axes[i];
      if (down.values.size() > kMostValues || across.values.size() > kMostValues) continue;
      panels.push_back(MakePanel(aggregate, AxisKey(down.path), AxisKey(across.path)));
      panels.back().row_axis = AxisLabel(down.path);
      panels.back().column_axis = AxisLabel(across.path);
    }
  }
  return panels;
}

std::optional<AttackDefense> MakeAttackDefense(const RunAggregate& aggregate) {
  const DefenseMatrix matrix = MakeDefenseMatrix(aggregate);
  if (matrix.defenses.size() < 2 && matrix.attacks.size() < 2) return std::nullopt;
  AttackDefense result;
  result.effort = EffortWords(matrix);
  HeatPanel& panel = result.panel;
  panel.row_axis = "defense";
  panel.column_axis = "attack";
  panel.rows = matrix.defenses;
  panel.columns = matrix.attacks;
  for (std::size_t row = 0; row < panel.rows.size(); ++row) {
    for (const auto& square : matrix.squares[row]) {
      panel.entries.push_back(square ? HeatPanel::Entry{true, square->asr, square->attacked - square->asr.n}
                                     : HeatPanel::Entry{});
    }
    const Rate& utility = matrix.utility[row];
    RowVerdict verdict{"–", std::nullopt, utility.value(), utility.bounds95(), ""};
    if (utility.n > 0) {
      verdict.utility_words = fmt::format("{}/{} {}", utility.successes, utility.n,
                                          matrix.utility_without_attack[row] ? "no attack" : "attacked");
    }
    for (const std::size_t worst : matrix.worst_attacks[row]) {
      verdict.worst_attack =
          verdict.worst_rate ? verdict.worst_attack + " = " + panel.columns[worst] : panel.columns[worst];
      verdict.worst_rate = matrix.squares[row][worst]->asr.value();
    }
    result.verdicts.push_back(std::move(verdict));
  }
  return result;
}

std::string AttackDefenseSection(const RunAggregate& aggregate) {
  const auto matrix = MakeAttackDefense(aggregate);
  if (!matrix) return {};
  const HeatPanel& panel = matrix->panel;
  std::string text = "## Attacks against defenses\n\n| defense |";
  std::string rule = "\n|---|";
  for (const std::string& attack : panel.columns) text += " " + MarkdownCellCode(attack) + " |", rule += "---|";
  text += " worst attack | task success |" + rule + "---|---|\n";
  for (std::size_t row = 0; row < panel.rows.size(); ++row) {
    text += "| " + MarkdownCellCode(panel.rows[row]) + " |";
    for (std::size_t column = 0; column < panel.columns.size(); ++column) {
      const HeatPanel::Entry& entry = panel.At(row, column);
      text += entry.asr.n > 0 ? fmt::format(" {} ({}) |", RateBrief(entry.asr), CountWords(entry.asr))
                              : std::string(" N/A |");
    }
    const RowVerdict& verdict = matrix->verdicts[row];
    text += verdict.worst_rate
                ? fmt::format(" {} ({}) |", Percent(verdict.worst_rate), MarkdownCellCode(verdict.worst_attack))
                : std::string(" N/A |");
    text += verdict.task_success ? fmt::format(" {} ({}) |\n", Percent(verdict.task_success), verdict.utility_words)
                                 : std::string(" N/A |\n");
  }
  return text + "\nA defense is as good as its worst attack, and worth only what it leaves of the tasks. " +
         matrix->effort + "\n\n";
}

}  // namespace xsweep
