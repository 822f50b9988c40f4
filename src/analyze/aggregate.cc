// RunAggregate: a run's rows as rates with bounds.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/aggregate.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "analyze/plan_check.h"
#include "analyze/run_accumulator.h"
#include "record/run_directory.h"
#include "record/trial_log.h"
#include "stats/repeats.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

constexpr int kLargestK = 8;
constexpr std::uint64_t kBootstrapSeed = 1;
constexpr int kResamples = 400;
/// Below this a second thread costs more than it saves.
constexpr std::uint64_t kBytesPerThread = std::uint64_t{1} << 20U;

/// What one thread has read.
struct Part {
  RunAccumulator rows;
  RangeReport report;
  Status status;
};

void ReadPart(const std::string& path, RowRange range, const Manifest& run, const ReadOptions& options, Part& part) {
  Findings misplaced;
  PlanCheck plan(run);
  auto report = ReadTrialRows(path, range, options, [&](const TrialRow& row, std::int64_t line) {
    if (!plan.Fits(row)) return misplaced.Note(RowProblem::kForeign, line);
    if (!part.rows.Add(row)) misplaced.Note(RowProblem::kDuplicate, line);
  });
  if (!report) {
    part.status = std::unexpected(std::move(report).error());
    return;
  }
  part.report = std::move(*report);
  part.report.findings.Merge(misplaced, 0);
}

std::vector<Part> ReadParts(const std::string& path, std::uint64_t size, int count, const Manifest& run,
                            const ReadOptions& options) {
  std::vector<Part> parts(static_cast<std::size_t>(count));
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) {
    const auto cut = [&](int part) {
      return size / static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(part);
    };
    const RowRange range{cut(i), i + 1 == count ? size : cut(i + 1)};
    Part& part = parts[static_cast<std::size_t>(i)];
    if (i + 1 == count) {
      ReadPart(path, range, run, options, part);
    } else {
      threads.emplace_back([&, range] { ReadPart(path, range, run, options, part); });
    }
  }
  threads.clear();  // joins them
  return parts;
}

/// Folds the parts in file order into the first. False when a trial is in two of them.
bool MergeParts(std::vector<Part>& parts) {
  Part& first = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (first.rows.Overlaps(parts[i].rows)) return false;
    first.rows.Merge(parts[i].rows);
    first.report.findings.Merge(parts[i].report.findings, first.report.lines);
    first.report.lines += parts[i].report.lines;
  }
  return true;
}

Expected<Part> ReadFileOfRows(const std::string& path, const Manifest& run, const ReadOptions& options) {
  std::error_code failure;
  const std::uint64_t size = fs::file_size(path, failure);
  if (failure) return WorldError("cannot be read: " + failure.message(), path);
  const auto useful = static_cast<int>(std::min<std::uint64_t>(size / kBytesPerThread + 1, 64));
  const int count = std::clamp(options.threads, 1, useful);
  std::vector<Part> parts = ReadParts(path, size, count, run, options);
  if (!MergeParts(parts))
    parts = ReadParts(path, size, 1, run, options);  // only then does it matter which row was first
  for (Part& part : parts) TRY(std::move(part.status));
  return std::move(parts.front());
}

/// Rows of a run that is not sealed, in plan order, each trial once.
Expected<Part> ReadShards(const RunDirectory& run, const Manifest& manifest) {
  TRY_ASSIGN(const RecordedTrials recorded, RecordedTrials::Scan(run.shards(), manifest.planned));
  PlanCheck plan(manifest);
  Part part;
  Trial storage;
  TRY(recorded.ForEachRow([&](std::uint64_t, std::string_view line) -> Status {
    ++part.report.lines;
    const auto row = ParseAnyTrialRow(line, storage);
    if (!row) {
      part.report.findings.Note(row.error(), part.report.lines);
    } else if (!plan.Fits(*row)) {
      part.report.findings.Note(RowProblem::kForeign, part.report.lines);
    } else {
      part.rows.Add(*row);
    }
    return {};
  }));
  return part;
}

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

Rate PlainRate(const Tally& tally, Counted (*select)(const Tally&)) {
  const auto [successes, n] = select(tally);
  return MakeRate(successes, n, {});
}

Rate ClusteredCellRate(const CellAggregate& cell, Counted (*select)(const Tally&)) {
  const auto [successes, n] = select(cell.tally);
  return MakeRate(successes, n, ClustersOf(cell, select));
}

void AddPassPowers(CellAggregate& cell) {
  const std::vector<stats::Cluster> tasks = ClustersOf(cell, TaskSuccessOf);
  if (tasks.empty()) return;
  const std::int64_t least = std::ranges::min(tasks, {}, &stats::Cluster::n).n;
  const int largest = static_cast<int>(std::min<std::int64_t>(least, kLargestK));
  const std::vector<stats::Interval> bounds = stats::PassPowerBootstrap(tasks, largest, kBootstrapSeed, kResamples);
  for (int k = 1; k <= largest; ++k) {
    cell.pass_k.push_back({k, *stats::MeanPassPower(tasks, k), std::nullopt});
    if (!bounds.empty()) cell.pass_k.back().bootstrap95 = bounds[static_cast<std::size_t>(k - 1)];
  }
}

/// A payload that was never put before the agent or a defense says nothing: N/A, not 0 %.
void ForgetAsr(CellAggregate& cell) {
  cell.asr = Rate();
  for (SeedAggregate& seed : cell.seeds) seed.asr = Rate();
  for (TaskAggregate& task : cell.tasks) task.asr = Rate();
}

CellAggregate MakeCell(const RunAccumulator& rows, std::size_t number) {
  CellAggregate cell;
  cell.id = rows.cells()[number];
  const CellTallies& tallies = rows.tallies(number);
  for (const auto& [seed, tally] : tallies.seeds) {
    cell.tally += tally;
    cell.seeds.push_back(
        {seed, tally, PlainRate(tally, AsrOf), PlainRate(tally, ExposedAsrOf), PlainRate(tally, TaskSuccessOf)});
  }
  for (const std::uint32_t task : tallies.task_order) {
    const Tally& tally = tallies.tasks[task];
    cell.tasks.push_back({rows.tasks()[task], tally, PlainRate(tally, AsrOf), PlainRate(tally, ExposedAsrOf),
                          PlainRate(tally, TaskSuccessOf)});
  }
  cell.asr = ClusteredCellRate(cell, AsrOf);
  cell.asr_exposed = ClusteredCellRate(cell, ExposedAsrOf);
  cell.task_success = ClusteredCellRate(cell, TaskSuccessOf);
  cell.error_rate = PlainRate(cell.tally, ErrorRateOf);
  const std::vector<stats::Cluster> attacked = ClustersOf(cell, AsrOf);
  cell.repeats = {stats::FlipRate(attacked), stats::IntraclassCorrelation(attacked)};
  AddPassPowers(cell);
  if (cell.tally.attacked() == cell.tally.of(Outcome::kNotExposed)) ForgetAsr(cell);
  return cell;
}

/// "a=1,b=x+no_attack" as arm and axes, for rows without a run.json. A value with a comma comes out as text up to it.
void DescribeFromId(CellAggregate& cell) {
  std::string_view rest = cell.id;
  cell.arm = "grid";
  for (const std::string_view arm : {"no_attack", "no_defense"}) {
    if (rest.ends_with(arm) && rest.size() > arm.size() && rest[rest.size() - arm.size() - 1] == '+') {
      cell.arm = arm;
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

void DescribeFromRecord(const CellRecord& record, CellAggregate& cell) {
  cell.arm = record.arm;
  cell.attack = record.attack;
  cell.defense = record.defense;
  for (const auto& [path, value] : record.axes) {
    cell.axes.emplace_back(path, value.is_string() ? value.AsString() : value.Dump());
  }
}

/// Tasks of all cells together, so that a run's rate is clustered by task even across cells.
void AddTotals(RunAggregate& run) {
  struct OfTask {
    stats::Cluster attacked, assessed;
  };
  std::map<std::string_view, OfTask> by_task;
  stats::Cluster all;  // of the cells that have an attack success rate
  for (const CellAggregate& cell : run.cells) {
    run.total += cell.tally;
    all.sum += cell.asr.successes;
    all.n += cell.asr.n;
    for (const TaskAggregate& task : cell.tasks) {
      OfTask& sums = by_task[task.task];
      sums.attacked.sum += task.asr.successes;
      sums.attacked.n += task.asr.n;
      sums.assessed.sum += task.tally.task_successes;
      sums.assessed.n += task.tally.task_assessed;
    }
  }
  std::vector<stats::Cluster> attacked, assessed;
  for (const auto& [task, sums] : by_task) {
    if (sums.attacked.n > 0) attacked.push_back(sums.attacked);
    if (sums.assessed.n > 0) assessed.push_back(sums.assessed);
  }
  run.asr = MakeRate(all.sum, all.n, attacked);
  run.task_success = MakeRate(run.total.task_successes, run.total.task_assessed, assessed);
  run.error_rate = PlainRate(run.total, ErrorRateOf);
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

RunAggregate MakeAggregate(const Part& part, Manifest manifest, const std::string& where) {
  RunAggregate run;
  run.run = std::move(manifest);
  std::unordered_map<std::string_view, const CellRecord*> records;  // a plan may have a hundred thousand
  for (const CellRecord& planned : run.run.cells) records.emplace(planned.id, &planned);
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < part.rows.cells().size(); ++i) {
    CellAggregate& cell = run.cells.emplace_back(MakeCell(part.rows, i));
    const auto record = records.find(cell.id);
    record == records.end() ? DescribeFromId(cell) : DescribeFromRecord(*record->second, cell);
    seen.insert(cell.id);
  }
  for (const CellRecord& planned : run.run.cells) {
    if (!seen.insert(planned.id).second) continue;
    CellAggregate& empty = run.cells.emplace_back();  // no row yet: N/A everywhere, not absent
    empty.id = planned.id;
    DescribeFromRecord(planned, empty);
  }
  AddTotals(run);
  run.rows = part.rows.rows();
  run.findings = part.report.findings.List(where);
  return run;
}

}  // namespace

std::string_view BasisWords(Basis basis) {
  return basis == Basis::kTheseTasks ? "these tasks" : "tasks as drawn from a population";
}

Rate MakeRate(std::int64_t successes, std::int64_t n, const std::vector<stats::Cluster>& clusters) {
  Rate rate{successes, n, stats::Wilson({successes, n}), std::nullopt};
  if (std::ranges::any_of(clusters, [](const stats::Cluster& cluster) { return cluster.n > 1; })) {
    rate.clustered95 = stats::ClusteredRate(clusters);
  }
  return rate;
}

const CellAggregate* RunAggregate::FindCell(std::string_view id) const {
  const auto cell = std::ranges::find(cells, id, &CellAggregate::id);
  return cell == cells.end() ? nullptr : &*cell;
}

Expected<RunAggregate> AggregateRows(const std::string& path, const ReadOptions& options) {
  const Manifest unknown;
  TRY_ASSIGN(const Part part, ReadFileOfRows(path, unknown, options));
  return MakeAggregate(part, Manifest(), path);
}

Expected<RunAggregate> AggregateRun(const std::string& directory, const ReadOptions& options) {
  TRY_ASSIGN(const RunDirectory run, RunDirectory::Open(RealDisk(), directory));
  TRY_ASSIGN(Manifest manifest, run.ReadManifest());
  const bool sealed = run.sealed();
  const std::string where = (sealed ? run.File("trials.jsonl") : run.shards()).string();
  const bool finished = sealed || manifest.status == "completed" || manifest.status == "budget";
  TRY_ASSIGN(const Part part, sealed ? ReadFileOfRows(where, manifest, options) : ReadShards(run, manifest));
  RunAggregate aggregate = MakeAggregate(part, std::move(manifest), where);
  NoteDefects(finished, aggregate);
  aggregate.directory = directory;
  return aggregate;
}

}  // namespace xsweep
