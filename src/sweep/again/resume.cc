// Resume: going on with a run, from its directory alone.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/resume.h"

#include <fmt/format.h>

#include <vector>

#include "analyze/run_facts.h"
#include "base/files.h"
#include "base/system/terminal.h"
#include "config/resolved.h"
#include "engine/budget.h"
#include "record/logs/layout.h"
#include "words/exit_code.h"

namespace xsweep {
namespace {

/// "config (hash 1234 in run.json, 5678 now)" for everything that differs.
std::string WhatChanged(const RunDesign& then, const RunDesign& now) {
  std::string changes;
  const auto compare = [&](std::string_view what, const std::string& old_value, const std::string& new_value) {
    if (old_value == new_value) return;
    changes += fmt::format("{}{} ({} in run.json, {} now)", changes.empty() ? "" : ", ", what,
                           old_value.empty() ? "none" : old_value, new_value.empty() ? "none" : new_value);
  };
  compare("xsweep's version", then.xsweep_version, now.xsweep_version);
  compare("config hash", then.config_hash, now.config_hash);
  compare("data sha256", then.environment_data_sha256, now.environment_data_sha256);
  return changes;
}

/// The rows know their trial by its place in the plan, so nothing may make another plan of it: --force can take over a
/// judge's threshold or a limit, but never another list of tasks, whose rows would stand under the wrong numbers.
bool SamePlan(const RunDesign& a, const RunDesign& b) {
  const auto ids = [](const RunDesign& run) {
    std::vector<std::string> list;
    list.reserve(run.cells.size());
    for (const CellRecord& cell : run.cells) list.push_back(cell.id);
    return list;
  };
  return ids(a) == ids(b) && a.tasks == b.tasks && a.seeds == b.seeds && a.trials == b.trials && a.exp == b.exp;
}

/// What `now` says of the experiment, `then` of the run.
Manifest TakeOver(const Manifest& then, RunDesign now) {
  now.run_id = then.run_id;
  now.timestamp_utc = then.timestamp_utc;
  now.argv = then.argv;
  return {std::move(now), then};
}

Status CheckUnchanged(const Experiment& experiment, const RunDirectory& run, Manifest& manifest, bool force) {
  Manifest now = DescribeRun(experiment, manifest.argv);
  const std::string changes = WhatChanged(manifest, now);
  const std::string where = run.path().string();
  if (!SamePlan(manifest, now)) {
    return UserError("its cells, tasks, seeds or trials are not those that it was started with" +
                         (changes.empty() ? "" : "; changed: " + changes) + "; start a new run",
                     where);
  }
  if (changes.empty()) return {};
  if (!force)
    return UserError("changed since it was started: " + changes + "; --force goes on all the same, or start a new run",
                     where);
  PrintNote("note: going on although it changed: " + changes);
  manifest = TakeOver(manifest, std::move(now));
  const Json fresh = Budget(experiment.config.limits, {}).ToJson();
  if (manifest.budget.is_object()) manifest.budget.Set("limits", *fresh.Find("limits"));
  TRY(run.Write(layout::kConfig, ResolvedYaml(experiment.config)));
  return run.WriteManifest(manifest);
}

std::uint64_t CountOf(const RunFindings& manifest, const std::string& outcome) {
  const auto found = manifest.counts.find(outcome);
  return found == manifest.counts.end() ? 0 : found->second;
}

LedgerLine SpentSoFar(const RunFindings& manifest) {
  const Json* used = manifest.budget.Find("used");
  return ToLedgerLine(used == nullptr ? Spending() : Spending::FromJson(*used));
}

/// A finished run asked to go on: a kill may have left logs whose rows are sealed already, or the run out of the list
/// of runs, which comes last. Either step does nothing where it was done.
Expected<int> TidyUp(const RunDirectory& run, const Manifest& manifest) {
  TRY(run.Seal(manifest.planned));
  TRY(CheckSealed(run));
  TRY(PublishRun(run, manifest));
  const std::uint64_t skipped = StoppedByItsGates(manifest) ? 0 : CountOf(manifest, "skipped");
  const std::string left =
      skipped == 0 ? "" : fmt::format(", {} of them as skipped; --retry-errors runs them", skipped);
  Print(fmt::format("nothing is missing: all {} trials are recorded{}\n{}\n", manifest.planned, left,
                    run.path().string()));
  return ExitCodeOf(manifest.status, manifest.verdict);
}

Expected<int> RunAll(OpenedRun& opened, const ExecuteOptions& options, const std::atomic<bool>& stop) {
  TRY(WriteStatus(opened.run, opened.manifest, RunStatus::kRunning));
  // What is missing is asked of the rows alone, never of the status: a killed run still says that it is running, and a
  // machine that lost its power may have kept a status and not the last rows.
  const Status ran = RunMissing(opened.experiment, opened.run, options, stop);
  if (ran) return FinishRun(opened.run, opened.manifest);
  const bool interrupted = ran.error().kind == ErrorKind::kInterrupted;
  // The rows say what is done; the status only helps people. Losing it must not hide the first error.
  (void)WriteStatus(opened.run, opened.manifest, interrupted ? RunStatus::kInterrupted : RunStatus::kFailed);
  if (!interrupted) return std::unexpected(ran.error());
  PrintNote(fmt::format("interrupted; finished trials are kept, go on with: xsweep run --resume {}",
                        opened.run.path().string()));
  return kExitInterrupted;
}

}  // namespace

Expected<OpenedRun> OpenRunAs(Experiment experiment, const std::filesystem::path& path, bool force) {
  TRY_ASSIGN(auto run, RunDirectory::Open(RealDisk(), path));
  TRY_ASSIGN(Manifest manifest, run.ReadManifest());
  if (!manifest.dialogues_of.empty() && !run.sealed())
    return UserError(fmt::format("judges the dialogues of run {} again, and resuming would ask the agents; repeat the "
                                 "`xsweep rejudge` that began it",
                                 manifest.dialogues_of),
                     path.string());
  TRY(CheckUnchanged(experiment, run, manifest, force));
  return OpenedRun{std::move(experiment), std::move(run), std::move(manifest)};
}

Expected<OpenedRun> OpenRun(const std::filesystem::path& path, bool force) {
  TRY_ASSIGN(auto run, RunDirectory::Open(RealDisk(), path));
  TRY_ASSIGN(auto experiment, OpenExperiment(run.File(layout::kConfig).string(), {}));
  return OpenRunAs(std::move(experiment), run.path(), force);
}

Expected<int> GoOnAsShard(const OpenedRun& opened, const ExecuteOptions& options, const std::atomic<bool>& stop) {
  if (opened.run.sealed()) {
    if (options.retry_errors)
      return UserError("is finished; `xsweep run --resume --retry-errors` on it without a shard opens it again",
                       opened.run.path().string());
    Print(fmt::format("nothing is missing: {} is finished\n", opened.run.run_id()));
    return kExitDone;
  }
  const Status ran = RunMissing(opened.experiment, opened.run, options, stop);
  if (!ran && ran.error().kind == ErrorKind::kInterrupted) return kExitInterrupted;
  TRY(ran);
  Print(fmt::format("shard {}/{} of {} is done; `xsweep merge {}` finishes the run\n", options.shard.index,
                    options.shard.count, opened.run.run_id(), opened.run.path().string()));
  return kExitDone;
}

Expected<int> GoOn(OpenedRun& opened, const ExecuteOptions& options, const std::atomic<bool>& stop) {
  const RunDirectory& run = opened.run;
  Manifest& manifest = opened.manifest;
  if (options.shard.count > 1) return GoOnAsShard(opened, options, stop);
  if (run.sealed()) {
    // Killed between sealing the rows and writing what they say: the rows are whole, only the reports are not.
    if (!Finished(manifest)) {
      TRY_ASSIGN(const int code, FinishRun(run, manifest));
      if (!options.retry_errors) return code;
      TRY_ASSIGN(manifest, run.ReadManifest());
    }
    if (!options.retry_errors || CountOf(manifest, "error") + CountOf(manifest, "skipped") == 0)
      return TidyUp(run, manifest);
    if (!manifest.dialogues_of.empty())
      return UserError(
          fmt::format("judges the dialogues of run {} again, and running trials anew would ask the agents; "
                      "judge them again under another name: xsweep rejudge ... --run-id NAME",
                      manifest.dialogues_of),
          run.path().string());
    TRY(WriteStatus(run, manifest, RunStatus::kRunning));
    // The ledgers went with the sealing, so what was spent before has to be carried into the open run: a limit is on
    // the run, not on each attempt to finish it.
    TRY(run.Unseal(SpentSoFar(manifest)));
  }
  return RunAll(opened, options, stop);
}

}  // namespace xsweep
