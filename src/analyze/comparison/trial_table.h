// TrialTable: the outcomes of a run's trials, 40 bytes each, so that two runs can be laid side by side.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "analyze/aggregate.h"
#include "analyze/run_accumulator.h"
#include "base/error.h"
#include "record/manifest.h"

namespace xsweep {

/// Which trial; numbers from the tables' shared names.
struct TrialKey {
  std::uint32_t cell = 0;
  std::uint32_t task = 0;
  std::uint64_t seed = 0;
  std::uint32_t trial = 0;
  friend auto operator<=>(const TrialKey&, const TrialKey&) = default;
};

struct TrialOutcome {
  TrialKey key;
  Outcome outcome = Outcome::kError;
  std::int8_t task_success = -1;  ///< -1: null
  std::uint32_t payload = 0;      ///< number of the payload's hash; 0: the row names none
  std::uint32_t row = 0;          ///< place in the file, so that of two rows for one trial the first counts
};

/// Names that several tables number alike.
struct SharedNames {
  NameTable cells;
  NameTable tasks;
  NameTable payloads;  ///< numbers from 1 on
};

/// What the rows of a cell say they were judged by, and under which policy and defense.
struct CellHashes {
  std::set<std::string, std::less<>> judges, policies;  ///< empty where rows name none
};

struct TrialTable {
  Manifest run;
  std::vector<TrialOutcome> trials;                  ///< sorted by key, each once
  std::map<std::uint32_t, std::string> task_hashes;  ///< by task; of the first row that had one
  std::map<std::uint32_t, CellHashes> cell_hashes;   ///< by cell
  std::vector<Finding> findings;
};

/// The trials of one cell of a table.
std::span<const TrialOutcome> CellOf(const TrialTable& table, std::uint32_t cell);

/// Reads a sealed run. Fails with kUser when `directory` is no run directory or is not sealed.
Expected<TrialTable> ReadTrialTable(const std::string& directory, SharedNames& names, const ReadOptions& options = {});

}  // namespace xsweep
