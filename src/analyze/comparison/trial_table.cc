// TrialTable: the outcomes of a run's trials.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/trial_table.h"

#include "analyze/plan_check.h"

#include <algorithm>
#include <tuple>

#include "record/logs/layout.h"
#include "record/run_directory.h"

namespace xsweep {
namespace {

TrialOutcome OutcomeOf(const TrialRow& row, SharedNames& names) {
  TrialOutcome outcome;
  outcome.key.cell = static_cast<std::uint32_t>(names.cells.Intern(row.cell));
  outcome.key.task = static_cast<std::uint32_t>(names.tasks.Intern(row.task));
  outcome.key.seed = row.seed;
  outcome.key.trial = row.trial;
  outcome.outcome = row.counts.outcome;
  outcome.task_success = row.counts.task_success;
  if (!row.payload_hash.empty()) {
    outcome.payload = static_cast<std::uint32_t>(names.payloads.Intern(row.payload_hash)) + 1;
  }
  return outcome;
}

}  // namespace

std::span<const TrialOutcome> CellOf(const TrialTable& table, std::uint32_t cell) {
  const auto [begin, end] =
      std::ranges::equal_range(table.trials, cell, {}, [](const TrialOutcome& trial) { return trial.key.cell; });
  return {begin, end};
}

Expected<TrialTable> ReadTrialTable(const std::string& directory, SharedNames& names, const ReadOptions& options) {
  TRY_ASSIGN(const RunDirectory run, RunDirectory::Open(RealDisk(), directory));
  if (!run.sealed()) {
    return UserError("this run is not finished; resume it with xsweep run --resume, then compare", directory);
  }
  TrialTable table;
  TRY_ASSIGN(table.run, run.ReadManifest());
  table.trials.reserve(table.run.planned < 1'000'000 ? table.run.planned : 0);
  const std::string path = run.File(layout::kRows).string();
  PlanCheck plan(table.run);
  Findings misplaced;
  TRY_ASSIGN(RangeReport report,
             ReadTrialRows(path, {0, UINT64_MAX}, options, [&](const TrialRow& row, std::int64_t line) {
               if (!plan.Fits(row)) return misplaced.Note(RowProblem::kForeign, line);
               if (plan.Contradicts(row)) misplaced.Note(RowProblem::kContradictory, line);
               table.trials.push_back(OutcomeOf(row, names));
               table.trials.back().row = static_cast<std::uint32_t>(table.trials.size());
               std::string& hash = table.task_hashes[table.trials.back().key.task];
               if (hash.empty()) hash = row.task_hash;
               CellHashes& of_cell = table.cell_hashes[table.trials.back().key.cell];
               const auto note = [](std::string_view text, auto& set) {
                 if (!text.empty() && !set.contains(text)) set.emplace(text);
               };
               note(row.judge_hash, of_cell.judges);
               note(row.policy_hash, of_cell.policies);
             }));
  std::ranges::sort(table.trials, {}, [](const TrialOutcome& trial) { return std::tuple(trial.key, trial.row); });
  const auto repeated = std::ranges::unique(table.trials, {}, &TrialOutcome::key);
  if (!repeated.empty()) report.findings.Note(RowProblem::kDuplicate, 1, std::ssize(repeated));
  table.trials.erase(repeated.begin(), repeated.end());
  report.findings.Merge(misplaced, 0);
  table.findings = report.findings.List(path);
  return table;
}

}  // namespace xsweep
