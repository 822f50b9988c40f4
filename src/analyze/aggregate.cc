// RunAggregate: a run's rows as rates with bounds.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/aggregate.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "analyze/axis_names.h"
#include "analyze/read_rows.h"
#include "analyze/run_accumulator.h"
#include "record/logs/layout.h"
#include "record/run_directory.h"
#include "stats/curve.h"
#include "stats/repeats.h"
#include "stats/task_rate.h"

namespace xsweep {
namespace {

constexpr int kLargestK = 8;
struct Counted {
  std::int64_t successes;
  std::int64_t n;
};
Counted AsrOf(const Tally& tally) { return {tally.successes(), tally.attacked()}; }
Counted ExposedAsrOf(const Tally& tally) { return {tally.exposed_successes, tally.exposed}; }
Counted TaskSuccessOf(const Tally& tally) { return {tally.task_successes, tally.task_assessed}; }
Counted ErrorRateOf(const Tally& tally) { return {tally.errors(), tally.ended()}; }

std::vector<stats::Cluster> ClustersOf(const CellAggregate& cell, Counted (*select)(const Tally&)) {
  std::vector<stats::Cluster> clusters;
  for (const TaskAggregate& task : cell.tasks) {
    const auto [successes, n] = select(task.tally);
    if (n > 0) clusters.push_back({successes, n});
  }
  return clusters;
}

Rate TaskRate(const Tally& tally, Counted (*select)(const Tally&)) {
  const auto [successes, n] = select(tally);
  return MakePlainRate(successes, n);
}

Rate CellRate(const CellAggregate& cell, Counted (*select)(const Tally&)) { return MakeRate(ClustersOf(cell, select)); }

void AddPassPowers(CellAggregate& cell) {
  const std::vector<stats::Cluster> tasks = ClustersOf(cell, TaskSuccessOf);
  if (tasks.empty()) return;
  const std::int64_t least = std::ranges::min(tasks, {}, &stats::Cluster::n).n;
  const int largest = static_cast<int>(std::min<std::int64_t>(least, kLargestK));
  for (int k = 1; k <= largest; ++k) {
    const auto point = stats::PassAtK(tasks, k);
    cell.pass_k.push_back({k, point->value, point->interval});
  }
}

/// Makes `part` as wide as `whole`, within [0, 1].
void Widen(const std::optional<stats::Interval>& whole, std::optional<stats::Interval>& part) {
  if (!whole || !part) return;
  const double lacking = (whole->high - whole->low) - (part->high - part->low);
  if (lacking <= 0) return;
  const double below = std::min(part->low, lacking / 2);
  part->low -= below;
  const double above = std::min(1 - part->high, lacking - below);
  part->high += above;
  part->low = std::max(0.0, part->low - (lacking - below - above));
}

/// A seed's rate from its trials by task, or, where nobody kept those, at the likeness that its cell shows.
Rate SeedRate(const Rate& whole, Counted counted, const std::vector<stats::Cluster>& tasks) {
  Rate rate = MakeRate(tasks);
  if (tasks.empty() && counted.n > 0) {
    rate = MakePlainRate(counted.successes, counted.n);
    const double within = std::min(1.0, static_cast<double>(whole.tasks) / static_cast<double>(counted.n));
    if (whole.drawn95) {
      const double n = static_cast<double>(whole.tasks) / (within + (1 - within) * whole.icc);
      rate.drawn95 = stats::WilsonScore(rate.estimate, n, stats::NormalQuantile(0.95));
    }
  }
  Widen(whole.drawn95, rate.drawn95);
  Widen(whole.these95, rate.these95);
  return rate;
}

std::vector<stats::Cluster> SeedClusters(const SeedTallies& seed, std::uint32_t SmallCounts::* successes,
                                         std::uint32_t SmallCounts::* n) {
  std::vector<stats::Cluster> tasks;
  for (const SmallCounts& counts : seed.tasks) {
    if (counts.*n > 0) tasks.push_back({counts.*successes, counts.*n});
  }
  return tasks;
}

void AddSeeds(const CellTallies& tallies, CellAggregate& cell) {
  const bool by_task = tallies.seeds.size() <= kMostSeeds;
  for (const auto& [number, seed] : tallies.seeds) {
    std::vector<stats::Cluster> attacked, exposed, assessed;
    if (by_task) {
      attacked = SeedClusters(seed, &SmallCounts::succeeded, &SmallCounts::attacked);
      exposed = SeedClusters(seed, &SmallCounts::exposed_succeeded, &SmallCounts::exposed);
      assessed = SeedClusters(seed, &SmallCounts::solved, &SmallCounts::assessed);
    }
    cell.seeds.push_back({number, seed.tally, SeedRate(cell.asr, AsrOf(seed.tally), attacked),
                          SeedRate(cell.asr_exposed, ExposedAsrOf(seed.tally), exposed),
                          SeedRate(cell.task_success, TaskSuccessOf(seed.tally), assessed)});
  }
}

/// Balanced trials of tasks and seeds as a crossed layout; the order within a task and seed does not matter.
std::optional<stats::VarianceShares> SharesOf(const CellTallies& tallies) {
  if (tallies.seeds.size() < 2 || tallies.seeds.size() > kMostSeeds) return std::nullopt;
  std::vector<std::uint8_t> trials;
  std::uint32_t repetitions = 0;
  for (const std::uint32_t task : tallies.task_order) {
    for (const auto& [number, seed] : tallies.seeds) {
      if (task >= seed.tasks.size()) return std::nullopt;
      const SmallCounts& counts = seed.tasks[task];
      if (repetitions == 0) repetitions = counts.attacked;
      if (counts.attacked != repetitions || repetitions < 2) return std::nullopt;
      for (std::uint32_t i = 0; i < repetitions; ++i) trials.push_back(i < counts.succeeded ? 1 : 0);
    }
  }
  return stats::SharesOfVariance(trials, tallies.task_order.size(), tallies.seeds.size(), repetitions);
}

Repeatability RepeatsOf(const CellAggregate& cell, const CellTallies& tallies) {
  Repeatability out;
  const std::vector<stats::Cluster> attacked = ClustersOf(cell, AsrOf);
  out.flip_rate = stats::FlipRate(attacked);
  const stats::TaskScores scores = stats::SharesOf(attacked);
  const bool varies = cell.asr.successes > 0 && cell.asr.successes < cell.asr.n;
  if (scores.scores.size() > 1 && scores.within < 1 && varies) out.icc = stats::BaseOf(scores).icc_seen;
  out.shares = SharesOf(tallies);
  return out;
}

/// A payload that was never put before the agent or a defense says nothing: N/A, not 0 %.
void ForgetAsr(CellAggregate& cell) {
  cell.asr = Rate();
  cell.repeats = Repeatability();
  for (SeedAggregate& seed : cell.seeds) seed.asr = Rate();
  for (TaskAggregate& task : cell.tasks) task.asr = Rate();
}

CellAggregate MakeCell(const RunAccumulator& rows, std::size_t number) {
  CellAggregate cell;
  cell.id = rows.cells()[number];
  const CellTallies& tallies = rows.tallies(number);
  for (const std::uint32_t task : tallies.task_order) {
    const Tally& tally = tallies.tasks[task];
    cell.tally += tally;
    cell.tasks.push_back({rows.tasks()[task], task, tally, TaskRate(tally, AsrOf), TaskRate(tally, ExposedAsrOf),
                          TaskRate(tally, TaskSuccessOf)});
  }
  cell.asr = CellRate(cell, AsrOf);
  cell.asr_exposed = CellRate(cell, ExposedAsrOf);
  cell.task_success = CellRate(cell, TaskSuccessOf);
  cell.error_rate = TaskRate(cell.tally, ErrorRateOf);
  cell.tries.assign(tallies.tries.begin(), tallies.tries.end());
  std::ranges::sort(cell.tries);
  AddSeeds(tallies, cell);
  cell.repeats = RepeatsOf(cell, tallies);
  AddPassPowers(cell);
  if (cell.tally.attacked() == cell.tally.of(Outcome::kNotExposed)) ForgetAsr(cell);
  return cell;
}

/// "a=1,b=x+no_attack" as arm and axes, for rows without a run.json. A value with a comma comes out as text up to it.
void DescribeFromId(CellAggregate& cell) {
  std::string_view rest = cell.id;
  for (const Arm control : {Arm::kNoAttack, Arm::kNoDefense}) {
    const std::string_view arm = NameOf(control);
    if (rest.ends_with(arm) && rest.size() > arm.size() && rest[rest.size() - arm.size() - 1] == '+') {
      cell.arm = control;
      rest.remove_suffix(arm.size() + 1);
    }
  }
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    cell.axes.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    if (cell.axes.back().first == "attack.name") cell.attack = cell.axes.back().second;
    if (cell.axes.back().first == "defense.name") cell.defense = cell.axes.back().second;
  }
}

void DescribeFromRecord(const CellRecord& record, const AxisNames& names, CellAggregate& cell) {
  cell.arm = record.arm;
  cell.attack = record.attack;
  cell.defense = record.defense;
  for (const auto& [path, value] : record.axes) cell.axes.emplace_back(path, names.Of(path, value));
}

void AddTotals(RunAggregate& run) {
  for (const CellAggregate& cell : run.cells) run.total += cell.tally;
  run.error_rate = TaskRate(run.total, ErrorRateOf);
}

bool MakesInvalid(RowProblem problem) { return problem != RowProblem::kOldSchema; }

/// What is planned and not there, or there and not planned.
void NoteDefects(bool finished, RunAggregate& run) {
  const std::uint64_t planned = run.run.planned;
  const auto rows = static_cast<std::uint64_t>(run.rows);
  const std::uint64_t missing = planned > rows ? planned - rows : 0;
  if (!finished) {
    run.unfinished = missing;
  } else if (missing > 0) {
    run.defects.push_back(
        fmt::format("{} of the {} trials that were planned and run have no readable row", missing, planned));
  }
  for (const Finding& finding : run.findings) {
    if (!MakesInvalid(finding.problem)) continue;
    // Readers have the file beside them, and a path of this machine is no result.
    const std::size_t name = finding.message.find("trials.jsonl:");
    run.defects.push_back(name == std::string::npos ? finding.message : finding.message.substr(name));
  }
}

RunAggregate MakeAggregate(const RowsRead& part, Manifest manifest, const std::string& where) {
  RunAggregate run;
  run.run = std::move(manifest);
  std::unordered_map<std::string_view, const CellRecord*> records;  // a plan may have a hundred thousand
  for (const CellRecord& planned : run.run.cells) records.emplace(planned.id, &planned);
  const AxisNames names(run.run.cells);
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < part.rows.cells().size(); ++i) {
    CellAggregate& cell = run.cells.emplace_back(MakeCell(part.rows, i));
    const auto record = records.find(cell.id);
    record == records.end() ? DescribeFromId(cell) : DescribeFromRecord(*record->second, names, cell);
    seen.insert(cell.id);
  }
  for (const CellRecord& planned : run.run.cells) {
    if (!seen.insert(planned.id).second) continue;
    CellAggregate& empty = run.cells.emplace_back();  // no row yet: N/A everywhere, not absent
    empty.id = planned.id;
    DescribeFromRecord(planned, names, empty);
  }
  AddTotals(run);
  run.rows = part.rows.rows();
  run.findings = part.report.findings.List(where);
  return run;
}

}  // namespace

std::string_view BasisWords(Basis basis) {
  return basis == Basis::kTheseTasks ? "these tasks" : "other tasks of this kind";
}

std::string_view BasisName(Basis basis) { return basis == Basis::kTheseTasks ? "these_tasks" : "tasks_as_drawn"; }

bool Rate::mean_over_tasks() const {
  return n > 0 && std::abs(estimate - static_cast<double>(successes) / static_cast<double>(n)) > 1e-12;
}

Rate MakeRate(std::span<const stats::Cluster> tasks) {
  Rate rate;
  for (const stats::Cluster& task : tasks) {
    rate.successes += task.sum;
    rate.n += task.n;
    rate.tasks += task.n > 0 ? 1 : 0;
  }
  if (rate.n == 0) return rate;
  const stats::TaskScores scores = stats::SharesOf(tasks);
  const stats::ScoreBase base = stats::BaseOf(scores);
  rate.estimate = base.estimate;
  rate.drawn95 = stats::TasksAsDrawn(scores);
  rate.these95 = stats::TheseTasks(scores);
  rate.icc = base.icc_used;
  rate.effective_n = rate.tasks > 1 ? base.effective_n() : 1 / scores.within;
  return rate;
}

Rate MakePlainRate(std::int64_t successes, std::int64_t n) {
  const stats::Cluster all{successes, n};
  return MakeRate({&all, 1});
}

const CellAggregate* RunAggregate::FindCell(std::string_view id) const {
  const auto cell = std::ranges::find(cells, id, &CellAggregate::id);
  return cell == cells.end() ? nullptr : &*cell;
}

Status RefuseDamaged(const RunAggregate& run, std::string_view way_out) {
  if (run.defects.empty()) return {};
  const std::string more =
      run.defects.size() > 1 ? fmt::format(" (and {} more findings)", run.defects.size() - 1) : std::string();
  return WorldError(fmt::format("is damaged: {}{}; {}", run.defects.front(), more, way_out), run.directory);
}

std::string UnfinishedWords(const RunAggregate& run) {
  if (run.unfinished == 0) return {};
  return fmt::format("{} of {} planned trials have not run yet", run.unfinished, run.run.planned);
}

Expected<RunAggregate> AggregateRows(const std::string& path, const ReadOptions& options) {
  const Manifest unknown;
  TRY_ASSIGN(const RowsRead part, ReadRowsOfFile(path, unknown, options));
  return MakeAggregate(part, Manifest(), path);
}

Expected<RunAggregate> AggregateRun(const std::string& directory, const ReadOptions& options) {
  TRY_ASSIGN(const RunDirectory run, RunDirectory::Open(RealDisk(), directory));
  TRY_ASSIGN(Manifest manifest, run.ReadManifest());
  const bool sealed = run.sealed();
  const std::string where = (sealed ? run.File(layout::kRows) : run.shards()).string();
  const bool finished = sealed || Finished(manifest);
  TRY_ASSIGN(const RowsRead part, sealed ? ReadRowsOfFile(where, manifest, options) : ReadRowsOfShards(run, manifest));
  RunAggregate aggregate = MakeAggregate(part, std::move(manifest), where);
  NoteDefects(finished, aggregate);
  aggregate.directory = directory;
  return aggregate;
}

}  // namespace xsweep
