// Heat panels: a grid's cells added up over all but two axes, and attacks against defenses.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyze/aggregate.h"

namespace xsweep {

/// One coloured table: rows x columns of rates. An entry that no cell of the run belongs to is missing.
struct HeatPanel {
  struct Entry {
    bool present = false;
    std::int64_t successes = 0, n = 0, exposed = 0;
    std::int64_t solved = 0, assessed = 0;  ///< benign tasks
  };
  std::string row_axis, column_axis;
  std::vector<std::string> rows, columns;  ///< values, in order of first appearance
  std::vector<Entry> entries;              ///< row by row
  bool pooled = false;                     ///< some entry adds up several cells of the run
  Entry& At(std::size_t row, std::size_t column) { return entries[row * columns.size() + column]; }
  const Entry& At(std::size_t row, std::size_t column) const { return entries[row * columns.size() + column]; }
};

/// One panel per pair of axes with at least two values each, grid arm only, counts summed over the other axes. The axis
/// with more values goes down.
std::vector<HeatPanel> HeatPanels(const RunAggregate& aggregate);
/// Defenses x attacks over all attacked cells; empty unless there are two of either.
std::optional<HeatPanel> AttackDefensePanel(const RunAggregate& aggregate);

/// What a defense is worth: its worst attack, and what it leaves of the benign tasks.
struct RowVerdict {
  std::string worst_attack;            ///< "–" when no attack was seen
  std::optional<double> worst_rate;    ///< empty: N/A
  std::optional<double> task_success;  ///< over the attacked cells of the row that were assessed
  std::string assessed_words;          ///< "30/36"
};
RowVerdict JudgeRow(const HeatPanel& panel, std::size_t row);

/// The same matrix as a Markdown section; empty when there is none.
std::string AttackDefenseSection(const RunAggregate& aggregate);

}  // namespace xsweep
