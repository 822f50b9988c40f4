// RunAccumulator: tallies per cell, cell x seed and cell x task of a run.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/run_accumulator.h"

#include <algorithm>

namespace xsweep {

std::size_t NameTable::Intern(std::string_view name) {
  if (last_ < names_.size() && names_[last_] == name) return last_;
  const auto found = numbers_.find(name);
  if (found != numbers_.end()) return last_ = found->second;
  last_ = names_.size();
  numbers_.emplace(name, last_);
  names_.emplace_back(name);
  return last_;
}

bool IndexSet::Insert(std::uint64_t index) {
  const std::uint64_t number = index / 4096;
  if (number != last_number_) {
    last_ = &blocks_[number];  // references into an unordered_map stay valid
    last_number_ = number;
  }
  std::uint64_t& word = (*last_)[index % 4096 / 64];
  const std::uint64_t bit = std::uint64_t{1} << (index % 64);
  if ((word & bit) != 0) return false;
  word |= bit;
  return true;
}

bool IndexSet::Overlaps(const IndexSet& other) const {
  for (const auto& [number, block] : other.blocks_) {
    const auto mine = blocks_.find(number);
    if (mine == blocks_.end()) continue;
    for (std::size_t i = 0; i < block.size(); ++i) {
      if ((mine->second[i] & block[i]) != 0) return true;
    }
  }
  return false;
}

void IndexSet::Merge(const IndexSet& other) {
  for (const auto& [number, block] : other.blocks_) {
    Block& mine = blocks_[number];
    for (std::size_t i = 0; i < block.size(); ++i) mine[i] |= block[i];
  }
}

CellTallies& RunAccumulator::CellAt(std::size_t number) {
  if (number >= cells_.size()) cells_.resize(number + 1);
  return cells_[number];
}

Tally& RunAccumulator::TaskAt(CellTallies& cell, std::size_t number) {
  if (number >= cell.tasks.size()) cell.tasks.resize(number + 1);
  if (cell.tasks[number].trials() == 0) cell.task_order.push_back(static_cast<std::uint32_t>(number));
  return cell.tasks[number];
}

namespace {

void Count(const TrialCounts& trial, std::size_t task, SeedTallies& seed) {
  if (task >= seed.tasks.size()) seed.tasks.resize(task + 1);
  SmallCounts& counts = seed.tasks[task];
  const bool attacked = trial.outcome <= Outcome::kNotExposed;
  counts.attacked += attacked ? 1 : 0;
  const bool exposed = attacked && trial.exposed;
  const bool succeeded = trial.outcome == Outcome::kAttackSucceeded;
  counts.succeeded += succeeded ? 1 : 0;
  counts.exposed += exposed ? 1 : 0;
  counts.exposed_succeeded += exposed && succeeded ? 1 : 0;
  const bool assessed = trial.outcome <= Outcome::kBenign && trial.task_success >= 0;
  counts.assessed += assessed ? 1 : 0;
  counts.solved += assessed && trial.task_success == 1 ? 1 : 0;
}

void Merge(const SeedTallies& from, std::size_t task_from, std::size_t task_to, SeedTallies& to) {
  if (task_from >= from.tasks.size()) return;
  if (task_to >= to.tasks.size()) to.tasks.resize(task_to + 1);
  const SmallCounts& more = from.tasks[task_from];
  SmallCounts& counts = to.tasks[task_to];
  counts.attacked += more.attacked;
  counts.succeeded += more.succeeded;
  counts.exposed += more.exposed;
  counts.exposed_succeeded += more.exposed_succeeded;
  counts.assessed += more.assessed;
  counts.solved += more.solved;
}

void CountTries(const TrialCounts& trial, std::size_t task, CellTallies& cell) {
  if (trial.queries == 0 || trial.outcome == Outcome::kSkipped) return;
  const std::int64_t tries = trial.outcome == Outcome::kAttackSucceeded ? trial.success_query : trial.queries;
  ++cell.tries[{static_cast<std::uint32_t>(task), trial.outcome, std::min(tries, kMostTries)}];
}

}  // namespace

const RunAccumulator::Place& RunAccumulator::PlaceOf(const TrialRow& row) {
  const std::size_t cell = cell_names_.Intern(row.cell);
  const std::size_t task = task_names_.Intern(row.task);
  const bool same = place_.cell != nullptr && place_.cell_number == cell && place_.task_number == task;
  if (same && place_.seed_number == row.seed) return place_;
  CellTallies& tallies = CellAt(cell);
  place_ = {&tallies, &tallies.seeds[row.seed], &TaskAt(tallies, task), cell, task, row.seed};
  return place_;
}

bool RunAccumulator::Add(const TrialRow& row) {
  if (!seen_.Insert(row.index)) return false;
  const Place& place = PlaceOf(row);
  xsweep::Add(row.counts, place.seed->tally);
  xsweep::Add(row.counts, *place.task);
  if (place.cell->seeds.size() <= kMostSeeds) Count(row.counts, place.task_number, *place.seed);
  CountTries(row.counts, place.task_number, *place.cell);
  ++rows_;
  return true;
}

void RunAccumulator::Merge(const RunAccumulator& later) {
  place_ = {};  // tables may move
  for (std::size_t i = 0; i < later.cells().size(); ++i) {
    CellTallies& cell = CellAt(cell_names_.Intern(later.cells()[i]));
    for (const auto& [seed, tallies] : later.cells_[i].seeds) cell.seeds[seed].tally += tallies.tally;
    for (const std::uint32_t task : later.cells_[i].task_order) {
      const std::size_t number = task_names_.Intern(later.tasks()[task]);
      TaskAt(cell, number) += later.cells_[i].tasks[task];
      if (cell.seeds.size() > kMostSeeds) continue;
      for (const auto& [seed, tallies] : later.cells_[i].seeds) xsweep::Merge(tallies, task, number, cell.seeds[seed]);
    }
    for (const auto& [tries, count] : later.cells_[i].tries) {
      const std::size_t number = task_names_.Intern(later.tasks()[tries.task]);
      cell.tries[{static_cast<std::uint32_t>(number), tries.outcome, tries.queries}] += count;
    }
  }
  seen_.Merge(later.seen_);
  rows_ += later.rows_;
}

}  // namespace xsweep
