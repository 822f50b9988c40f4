// RunAccumulator: tallies per cell, cell x seed and cell x task of a run; a bit for each trial.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyze/accumulator.h"
#include "analyze/trial_reader.h"

namespace xsweep {

/// Names in order of first appearance.
class NameTable {
 public:
  std::size_t Intern(std::string_view name);
  const std::vector<std::string>& names() const { return names_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> numbers_;
  std::size_t last_ = 0;  ///< rows come in runs of one cell and task, so the last answer is usually the next
};

/// The indices seen, one bit each: the one thing here that grows with the trials, by 1.25 MB for 10 million.
class IndexSet {
 public:
  /// False when it was there.
  bool Insert(std::uint64_t index);
  bool Overlaps(const IndexSet& other) const;
  void Merge(const IndexSet& other);

 private:
  using Block = std::array<std::uint64_t, 64>;
  std::unordered_map<std::uint64_t, Block> blocks_;
  std::uint64_t last_number_ = ~std::uint64_t{0};
  Block* last_ = nullptr;
};

/// Successes of a task within a seed, for what is asked of each seed and of the shares of variance.
struct SmallCounts {
  std::uint32_t attacked = 0, succeeded = 0, exposed = 0, exposed_succeeded = 0, assessed = 0, solved = 0;
};

struct SeedTallies {
  Tally tally;
  std::vector<SmallCounts> tasks;  ///< by number in RunAccumulator::tasks(); kept for the first kMostSeeds of a cell
};
/// Nobody reads a table of more seeds than this, and a run may have a million.
inline constexpr std::size_t kMostSeeds = 64;

/// Rows are counted by it a million times, so it is one multiplication.
struct HashTryCount {
  std::size_t operator()(const TryCount& tries) const {
    const auto outcome = static_cast<std::uint64_t>(tries.outcome);
    return ((std::uint64_t{tries.task} << 24U) ^ (static_cast<std::uint64_t>(tries.queries) << 4U) ^ outcome) *
           0x9E3779B97F4A7C15U;
  }
};

struct CellTallies {
  std::map<std::uint64_t, SeedTallies> seeds;
  std::vector<Tally> tasks;               ///< by number in RunAccumulator::tasks(); no trials: not in this cell
  std::vector<std::uint32_t> task_order;  ///< numbers in order of first appearance
  std::unordered_map<TryCount, std::int64_t, HashTryCount> tries;  ///< of trials whose attack counts its tries
};

/// Single-threaded; one per thread, merged afterwards.
class RunAccumulator {
 public:
  RunAccumulator() = default;
  RunAccumulator(RunAccumulator&&) = default;  // no copies: it points into itself
  RunAccumulator& operator=(RunAccumulator&&) = default;
  /// False, and nothing is counted, when that trial was counted before.
  bool Add(const TrialRow& row);
  /// True when both counted one and the same trial: then merging would count it twice.
  bool Overlaps(const RunAccumulator& later) const { return seen_.Overlaps(later.seen_); }
  /// `later` holds rows that come after all of these. They must not overlap.
  void Merge(const RunAccumulator& later);

  const std::vector<std::string>& cells() const { return cell_names_.names(); }
  const std::vector<std::string>& tasks() const { return task_names_.names(); }
  const CellTallies& tallies(std::size_t cell) const { return cells_[cell]; }
  std::int64_t rows() const { return rows_; }

 private:
  /// Where the rows of one cell, seed and task are counted. Rows come in runs of these.
  struct Place {
    CellTallies* cell = nullptr;
    SeedTallies* seed = nullptr;
    Tally* task = nullptr;
    std::size_t cell_number = 0, task_number = 0;
    std::uint64_t seed_number = 0;
  };

  CellTallies& CellAt(std::size_t number);
  static Tally& TaskAt(CellTallies& cell, std::size_t number);
  /// Valid until another place is asked for, which may move what was there.
  const Place& PlaceOf(const TrialRow& row);
  NameTable cell_names_, task_names_;
  std::vector<CellTallies> cells_;
  Place place_;  ///< of the last row
  IndexSet seen_;
  std::int64_t rows_ = 0;
};

}  // namespace xsweep
