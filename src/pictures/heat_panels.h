// Heat panels: a grid's cells by pairs of axes, and attacks against defenses.
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
    Rate asr;                 ///< n == 0 for a cell whose payload nobody saw
    std::int64_t unseen = 0;  ///< attacked trials of such a cell
  };
  std::string row_axis, column_axis;
  std::vector<std::string> rows, columns;  ///< values, in order of first appearance
  std::vector<Entry> entries;              ///< row by row
  bool chosen = false;                     ///< some entry is the worst of several cells of the run
  Entry& At(std::size_t row, std::size_t column) { return entries[row * columns.size() + column]; }
  const Entry& At(std::size_t row, std::size_t column) const { return entries[row * columns.size() + column]; }
};

/// One panel per pair of axes with at least two values each, grid arm only; of cells that differ in other axes the one
/// with the highest rate, because no number adds up cells. The axis with more values goes down.
std::vector<HeatPanel> HeatPanels(const RunAggregate& aggregate);
/// What a defense is worth: its worst attack, and what it leaves of the benign tasks.
struct RowVerdict {
  std::string worst_attack;            ///< "–" when no attack was seen; equal ones with " = " between them
  std::optional<double> worst_rate;    ///< empty: N/A
  std::optional<double> task_success;  ///< empty: not assessed
  std::optional<stats::Interval> task_bounds95;
  std::string utility_words;  ///< "30/36 without attack"
};

/// Defenses x attacks, as MakeDefenseMatrix has them, and a verdict per defense. Empty unless there are two of either.
struct AttackDefense {
  HeatPanel panel;
  std::vector<RowVerdict> verdicts;
  std::string effort;  ///< says so where attacks made unequal efforts; Markdown
};
std::optional<AttackDefense> MakeAttackDefense(const RunAggregate& aggregate);

/// The same matrix as a Markdown section; empty when there is none.
std::string AttackDefenseSection(const RunAggregate& aggregate);

}  // namespace xsweep
