// Grids: every cell against its control, and attacks against defenses with the worst attack for each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analyze/comparison/difference.h"

namespace xsweep {

/// One cell against its control; `asr` and `task_success` are cell minus control.
struct Contrast {
  std::string cell;
  std::string control;
  Difference asr;
  Difference task_success;
};

struct ContrastTable {
  std::vector<Contrast> rows;  ///< all cells that have a control other than themselves, in plan order
  std::vector<std::string> controls;
  Adjustment adjustment = Adjustment::kMaxT;
};

/// The control of a cell: the cell with the same axes but defense "none" (a no_defense arm or a grid point), for a cell
/// without an attack one without an attack. Where nothing in the run is defended, or nothing undefended, the control is
/// the first attacked cell of the run. A cell whose payload nobody saw keeps its row, with asr N/A. Raw p is in
/// Difference::p, the adjusted one (asr and task_success as two families) in Difference::adjusted_p.
ContrastTable ContrastWithControls(const RunAggregate& run, Adjustment adjustment = Adjustment::kMaxT);
/// One square of the matrix; several cells (other axes) may fall into it, then the one with the highest asr is shown.
struct MatrixSquare {
  std::string cell;
  std::int64_t attacked;  ///< trials; more than asr.n when none of them saw the payload
  std::int64_t queries;   ///< the most tries that the attacker made in one of them
  Rate asr, asr_exposed, task_success;
};

/// rows = defenses, columns = attacks, both in plan order.
struct DefenseMatrix {
  std::vector<std::string> attacks;
  std::vector<std::string> defenses;
  std::vector<std::vector<std::optional<MatrixSquare>>> squares;  ///< [defense][attack]; empty: no such cell
  std::vector<std::vector<std::size_t>> worst_attacks;  ///< by defense: those with the highest asr; empty: N/A
  /// By defense: task_success of the worst cell without an attack where such an arm is, else under attacks.
  std::vector<Rate> utility;
  std::vector<bool> utility_without_attack;  ///< by defense: which of the two it is
};

/// Needs names of attacks and defenses in the cells; cells without them are left out.
DefenseMatrix MakeDefenseMatrix(const RunAggregate& run);

}  // namespace xsweep
