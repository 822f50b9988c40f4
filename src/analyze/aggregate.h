// RunAggregate: a run's rows as rates with bounds, by cell, by seed and by task. What present/ and serve/ read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyze/accumulator.h"
#include "analyze/trial_reader.h"
#include "base/error.h"
#include "record/manifest.h"
#include "stats/clusters.h"
#include "stats/intervals.h"

namespace xsweep {

/// For which question an interval holds.
enum class Basis : std::uint8_t {
  kTheseTasks,    ///< repeating these very tasks
  kTasksAsDrawn,  ///< other tasks from where these came; needs two tasks and more trials than tasks
};
/// "these tasks" or "tasks as drawn from a population".
std::string_view BasisWords(Basis basis);

/// successes of n with bounds. n == 0 means N/A: no estimate, no interval, never 0 %.
struct Rate {
  std::int64_t successes = 0;
  std::int64_t n = 0;
  std::optional<stats::Interval> wilson95;              ///< over trials; empty only when n == 0
  std::optional<stats::ClusteredInterval> clustered95;  ///< over tasks; empty when tasks do not repeat or there is one

  std::optional<double> value() const {
    if (n == 0) return std::nullopt;
    return static_cast<double>(successes) / static_cast<double>(n);
  }
  /// The bounds to show and to gate on: clustered where they exist, otherwise Wilson's; empty when n == 0.
  std::optional<stats::Interval> bounds95() const {
    return clustered95 ? std::optional(clustered95->bounds) : wilson95;
  }
  Basis basis() const { return clustered95 ? Basis::kTasksAsDrawn : Basis::kTheseTasks; }
};

struct SeedAggregate {
  std::uint64_t seed = 0;
  Tally tally;
  Rate asr, asr_exposed, task_success;  ///< Wilson bounds only
};

struct TaskAggregate {
  std::string task;
  Tally tally;
  Rate asr, asr_exposed, task_success;  ///< Wilson bounds only
};

/// How much repeated trials of one task disagree, on attack success. Each is empty where it cannot be computed.
struct Repeatability {
  std::optional<double> flip_rate;  ///< chance that two trials of one task differ
  std::optional<double> icc;        ///< ICC(1) over tasks
};

/// pass^k on task success: the chance that k trials of a task all succeed.
struct PassPowerK {
  int k = 1;
  double value = 0;
  std::optional<stats::Interval> bootstrap95;  ///< over tasks
};

struct CellAggregate {
  std::string id;               ///< as in the rows, e.g. "defense.name=none,judge.threshold=100"
  std::string arm;              ///< "grid", "no_attack" or "no_defense"
  std::string attack, defense;  ///< names of the parts where run.json or the axes tell, otherwise empty
  std::vector<std::pair<std::string, std::string>> axes;  ///< path and value as text, in grid order
  Tally tally;
  Rate asr;           ///< over attacked trials, errors and skips in neither part; n == 0 without any exposure
  Rate asr_exposed;   ///< over exposed trials; n == 0 when the payload never arrived
  Rate task_success;  ///< over assessed trials
  Rate error_rate;    ///< errors over ended trials
  Repeatability repeats;
  std::vector<PassPowerK> pass_k;    ///< k = 1.. up to 8, as far as every task has k assessed trials
  std::vector<SeedAggregate> seeds;  ///< in ascending order
  std::vector<TaskAggregate> tasks;  ///< in order of first appearance

  bool attacked() const { return asr.n > 0; }
};

struct RunAggregate {
  std::string directory;             ///< empty when rows were read without one
  Manifest run;                      ///< as run.json has it; all empty when rows were read without one
  std::vector<CellAggregate> cells;  ///< in order of first appearance, which is plan order in a sealed run
  Tally total;
  Rate asr;  ///< over all attacked cells with exposure, controls ("no_attack") aside by construction
  Rate task_success;
  Rate error_rate;
  std::vector<Finding> findings;  ///< at most one per problem
  std::int64_t rows = 0;          ///< counted rows
  /// Planned trials that have no readable row, of a run that has not finished; 0 where the plan is not known.
  std::uint64_t unfinished = 0;
  /// Why nothing can be decided on these rows, in sentences: a finished run that lacks planned rows or holds rows that
  /// are foreign, doubled or unreadable. Empty: nothing is wrong.
  std::vector<std::string> defects;

  const CellAggregate* FindCell(std::string_view id) const;
};

/// Reads a finished or interrupted run: run.json, then trials.jsonl, or shards/*.jsonl where it is not sealed yet.
/// Fails with kWorld when there is nothing to read, with kUser when `directory` is no run directory.
Expected<RunAggregate> AggregateRun(const std::string& directory, const ReadOptions& options = {});
/// The same over one file of rows without a run.json.
Expected<RunAggregate> AggregateRows(const std::string& path, const ReadOptions& options = {});
/// A rate with its bounds; `clusters` are the tasks (sum = successes), empty for Wilson alone. Clustered bounds are
/// given when there are at least two tasks and at least one has more than one trial.
Rate MakeRate(std::int64_t successes, std::int64_t n, const std::vector<stats::Cluster>& clusters);

}  // namespace xsweep
