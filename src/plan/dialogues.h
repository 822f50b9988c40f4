// Dialogues: which trials of a plan are one dialogue, held once and judged for each of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xsweep {

/// Cells that differ only in who reads the finished dialogue (judge, its options, its model) share their dialogues: the
/// trials of one task, seed and repetition in all of them are one dialogue, which the first of these cells holds. Where
/// nothing is shared, dialogue n is trial n.
///
/// Dialogues are numbered family by family (the cells that share), in the order of the first cells, then as trials are
/// within a cell. Like the plan it is arithmetic: it takes the memory of its cells.
class Dialogues {
 public:
  /// `kinds` are the dialogues of each cell, by any names: cells with equal ones share.
  Dialogues(const std::vector<std::string>& kinds, std::uint64_t trials_per_cell);

  std::uint64_t size() const { return families_.size() * per_cell_; }
  /// Some dialogue has more than one trial.
  bool shared() const { return families_.size() < family_of_.size(); }
  /// The cells that share dialogue n < size(), ascending; the first one holds it.
  std::span<const std::uint32_t> Cells(std::uint64_t n) const { return families_[n / per_cell_]; }
  /// The trial that is dialogue n in one of its cells.
  std::uint64_t TrialIn(std::uint32_t cell, std::uint64_t n) const { return cell * per_cell_ + n % per_cell_; }
  /// The dialogue of a trial.
  std::uint64_t Of(std::uint64_t trial) const { return family_of_[trial / per_cell_] * per_cell_ + trial % per_cell_; }
  /// All that have the dialogues of `cell`, itself among them.
  std::span<const std::uint32_t> CellsWith(std::uint32_t cell) const { return families_[family_of_[cell]]; }
  /// The cell that holds the dialogues of `cell`: itself where it is the first that has them.
  std::uint32_t HolderOf(std::uint32_t cell) const { return CellsWith(cell).front(); }
  /// How many trials the dialogues [begin, end) are.
  std::uint64_t TrialsWithin(std::uint64_t begin, std::uint64_t end) const;

 private:
  std::vector<std::vector<std::uint32_t>> families_;
  std::vector<std::uint32_t> family_of_;  ///< by cell
  std::uint64_t per_cell_;
};

}  // namespace xsweep
