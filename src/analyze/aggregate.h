// RunAggregate: a run's rows as rates with bounds, by cell, by seed and by task. What present/ and serve/ read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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
#include "stats/variance.h"

namespace xsweep {

/// For which question an interval holds.
enum class Basis : std::uint8_t {
  kTheseTasks,    ///< repeating these very tasks
  kTasksAsDrawn,  ///< other tasks of this kind; needs two tasks
};
/// "these tasks" or "other tasks of this kind".
std::string_view BasisWords(Basis basis);
/// "these_tasks" or "tasks_as_drawn".
std::string_view BasisName(Basis basis);

/// A mean over tasks of one score per task. n == 0 means N/A: no estimate, no interval, never 0 %.
struct Rate {
  std::int64_t successes = 0;
  std::int64_t n = 0;                      ///< trials that count
  std::int64_t tasks = 0;                  ///< tasks that hold one
  double estimate = 0;                     ///< mean over tasks; successes / n where all tasks have equally many trials
  double icc = 0;                          ///< likeness of one task's trials that the interval rests on
  double effective_n = 0;                  ///< independent trials that the interval is worth
  std::optional<stats::Interval> drawn95;  ///< other tasks of this kind; empty with fewer than two tasks
  std::optional<stats::Interval> these95;  ///< these tasks again; empty only when n == 0

  std::optional<double> value() const { return n == 0 ? std::nullopt : std::optional(estimate); }
  /// The bounds to show and to gate on: of tasks as drawn where they exist, otherwise of these tasks.
  std::optional<stats::Interval> bounds95() const { return drawn95 ? drawn95 : these95; }
  Basis basis() const { return drawn95 ? Basis::kTasksAsDrawn : Basis::kTheseTasks; }
  /// Whether tasks with unequal numbers of trials make the estimate another number than successes / n.
  bool mean_over_tasks() const;
};

/// Intervals of a seed are never narrower than those of its cell: a part is not more certain than the whole.
struct SeedAggregate {
  std::uint64_t seed = 0;
  Tally tally;
  Rate asr, asr_exposed, task_success;
};

struct TaskAggregate {
  std::string task;
  std::uint32_t number = 0;  ///< of its name, the same in all cells of the run
  Tally tally;
  Rate asr, asr_exposed, task_success;  ///< of these tasks
};

/// How much repeated trials of one task disagree, on attack success. Each is empty where it cannot be computed.
struct Repeatability {
  std::optional<double> flip_rate;              ///< chance that two trials of one task differ
  std::optional<double> icc;                    ///< intraclass correlation that the trials show
  std::optional<stats::VarianceShares> shares;  ///< of a balanced layout of tasks, seeds and repetitions, two of each
};

/// pass^k on task success: the chance that k trials of a task all succeed.
struct PassPowerK {
  int k = 1;
  double value = 0;
  std::optional<stats::Interval> bounds95;  ///< other tasks of this kind; empty with one task
};

struct CellAggregate {
  std::string id;  ///< as in the rows, e.g. "defense.name=none,judge.threshold=100"
  Arm arm = Arm::kGrid;
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
  std::vector<std::pair<TryCount, std::int64_t>> tries;  ///< of an attack that counts them, with how many trials each

  bool attacked() const { return asr.n > 0; }
};

struct RunAggregate {
  std::string directory;             ///< empty when rows were read without one
  Manifest run;                      ///< as run.json has it; all empty when rows were read without one
  std::vector<CellAggregate> cells;  ///< in order of first appearance, which is plan order in a sealed run
  Tally total;
  Rate error_rate;                ///< over all trials that ended
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

/// Fails with kWorld, in words that end with `way_out`, when the rows are not those that the run planned: whoever makes
/// a result of a run asks this first.
Status RefuseDamaged(const RunAggregate& run, std::string_view way_out = "`--accept-invalid` uses what is there");
/// "760 of 1520 planned trials have not run yet"; empty of a run that has finished.
std::string UnfinishedWords(const RunAggregate& run);

/// A rate over tasks (sum = successes); those without a trial are left out.
Rate MakeRate(std::span<const stats::Cluster> tasks);
/// A rate over trials that nothing clusters, such as errors: Wilson's bounds.
Rate MakePlainRate(std::int64_t successes, std::int64_t n);

}  // namespace xsweep
