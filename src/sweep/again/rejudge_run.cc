// RejudgeRun: another judge over the dialogues of a finished run, without asking any agent again.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/rejudge_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <ranges>

#include "analyze/aggregate.h"
#include "analyze/numbers.h"
#include "base/files.h"
#include "base/system/terminal.h"
#include "record/logs/layout.h"
#include "record/logs/trial_log.h"
#include "record/recorded_trials.h"
#include "sweep/again/judge_rows.h"
#include "sweep/again/waiting_rejudge.h"
#include "sweep/finish.h"
#include "sweep/open/experiment.h"
#include "sweep/run_session.h"
#include "sweep/start_run.h"
#include "words/exit_code.h"

namespace xsweep {
namespace {

/// Only the judge may change: everything else has already happened.
Status CheckSets(const std::vector<std::string>& sets) {
  for (const std::string& set : sets) {
    constexpr std::string_view kOfTheJudge[] = {"judge.", "judge=", "models.judge", "limits.roles.judge"};
    if (std::ranges::any_of(kOfTheJudge, [&](std::string_view path) { return set.starts_with(path); })) continue;
    return UserError(
        "only `judge...`, `models.judge...` and `limits.roles.judge...` can change; the dialogues have already been "
        "held",
        "--set " + set);
  }
  return {};
}

Expected<Experiment> OpenWithJudge(const RunDirectory& run, const RejudgeRequest& request) {
  constexpr std::uint64_t kMaxConfig = std::uint64_t{4} << 20U;
  const std::string file = run.File(layout::kConfig).string();
  const auto text = ReadOwnFile(file, kMaxConfig);
  if (!text) return UserError(text.error().message, file);
  Overrides overrides;
  if (request.judge) overrides.sets.push_back(fmt::format("judge={{name: {}}}", *request.judge));
  overrides.sets.insert(overrides.sets.end(), request.set.begin(), request.set.end());
  return OpenExperimentText(*text, file, overrides);
}

Status CheckJudge(const Experiment& experiment, const Manifest& before, const std::string& where) {
  for (const GridAxis& axis : experiment.config.grid) {
    if (axis.path.starts_with("judge") || axis.path.starts_with("models.judge"))
      return UserError(
          fmt::format("its grid has the axis `{}`, so every cell has a judge of its own already", axis.path), where);
  }
  if (experiment.environment->info().data_sha256 != before.environment_data_sha256)
    return UserError("the data of its environment are not those that it ran on", where);
  for (const PartSpec& spec : experiment.catalog.Specs().judges) {
    if (spec.name == experiment.config.judge.name && !spec.model_role.empty() &&
        !experiment.config.models[Role::kJudge])
      return UserError(fmt::format("judge `{}` asks a model; name it with --set 'models.judge={{provider: ..., model: "
                                   "...}}'",
                                   spec.name),
                       "models.judge");
  }
  return {};
}

Status CheckKey(const Experiment& experiment) {
  if (!experiment.config.models[Role::kJudge]) return {};
  SystemClock clock;
  TRY_ASSIGN(const auto loop, IoLoop::Create(clock));
  Http http(*loop);
  ModelShelf shelf({.http = &http});
  TRY(shelf.Get(experiment.config.models[Role::kJudge]->name, experiment.config.models[Role::kJudge]->options));
  return {};
}

/// What an import knows of its cells, its rows and its source stays known.
void KeepImport(const Manifest& before, const std::string& judge, Manifest& manifest) {
  if (!before.imported.is_object()) return;
  manifest.imported = before.imported;
  manifest.cells = before.cells;
  for (CellRecord& cell : manifest.cells) cell.judge = judge;
  manifest.planned = before.planned;
  manifest.trials = before.trials;
  manifest.seeds = before.seeds;
}

/// What the judge found where nobody attacked: what an agent does against the policy by itself is a rate, too.
Expected<std::string> UnattackedWords(const RunDirectory& run) {
  std::map<std::string, stats::Cluster> tasks;
  const std::string rows = run.File(layout::kRows).string();
  TRY_ASSIGN(const std::uint64_t end, ForEachLine(rows, [&](std::uint64_t, std::string_view line) -> Status {
               TRY_ASSIGN(const Trial row, ParseTrialRow(line, rows));
               if (row.outcome != Outcome::kBenign) return {};
               stats::Cluster& task = tasks[row.task];
               task.sum += row.executed > 0 ? 1 : 0;
               ++task.n;
               return {};
             }));
  (void)end;
  const auto values = std::views::values(tasks);
  const std::vector<stats::Cluster> clusters(values.begin(), values.end());
  if (clusters.empty()) return std::string();
  return fmt::format("Where nobody attacked, the judge found what it looks for in {} of the episodes.",
                     RateWords(MakeRate(clusters)));
}

std::string CutShortWords(std::int64_t dialogues) {
  if (dialogues == 0) return {};
  return fmt::format(
      "In {} the attack may have stopped because the judge before found success: what more tries would "
      "have done is not known. `attack.stop_at_success: false` keeps dialogues apart from their judge.",
      Count(dialogues, "dialogue", "dialogues"));
}

/// Marks what an earlier process has judged and kept.
Status MarkJudged(const RecordedTrials& recorded, const KeptDialogues& dialogues, JudgingPass& pass, Bench& bench) {
  for (std::size_t place = 0; place < dialogues.size(); ++place) {
    const Trial& before = dialogues.row(place);
    if (before.index >= recorded.planned() || !recorded.Has(before.index)) continue;
    TRY_ASSIGN(const std::string text, recorded.Row(before.index));
    TRY_ASSIGN(const Trial row, ParseTrialRow(text, "shard log"));
    (*pass.done)[place] = true;
    if (MayBeCutShort(before, row.outcome)) ++bench.cut_short;
  }
  return {};
}

/// How many dialogues may have been cut short.
Expected<std::int64_t> JudgeAll(const Experiment& experiment, KeptDialogues& dialogues, const RunDirectory& run,
                                std::uint64_t planned, int jobs, const std::atomic<bool>& stop) {
  TRY_ASSIGN(const auto recorded, RecordedTrials::Scan(run.shards(), planned));
  for (const std::string& loss : recorded.losses()) PrintNote("note: " + loss);
  Bench bench;
  TRY(OpenBench(run, experiment.config.limits, bench));
  const auto& model = experiment.config.models[Role::kJudge];
  TRY_ASSIGN(const TrialRunner runner,
             PrepareJudges(experiment, [&] { return bench.shelf->Get(model->name, model->options); }));
  std::vector<bool> done(dialogues.size(), false);
  JudgingPass pass{runner, experiment.plan, dialogues, stop, &done};
  TRY(MarkJudged(recorded, dialogues, pass, bench));
  const StopWatch watch(*bench.loop, stop);
  for (int i = 0; i < (model ? jobs : 1); ++i) bench.loop->Spawn(JudgeRows(pass, bench), [](bool) {});
  bench.loop->RunSpawned();
  TRY(CloseBench(bench));
  return bench.cut_short;
}

/// The part of the price that a batch costs is what its costs are counted with.
void PriceAsBatch(const Experiment& experiment, Manifest& manifest) {
  for (ModelRecord& model : manifest.models) {
    if (model.role != NameOf(Role::kJudge) || !model.price.is_object()) continue;
    const double part = experiment.config.models[Role::kJudge]->options.DoubleOr("batch_price", kBatchPrice);
    for (auto& [rate, usd] : Json(model.price).members()) {
      if (usd.is_number()) model.price.Set(rate, usd.AsDouble() * part);
    }
  }
}

Expected<StartedRun> StartOrGoOn(const RejudgeRequest& request, const Experiment& experiment, Manifest manifest) {
  const NewRun where{request.outdir, request.run_id};
  auto waiting = FindWaiting(where, manifest);
  if (!waiting) return StartNewRun(experiment, std::move(manifest), where);
  const std::string path = waiting->run.path().string();
  if (!request.batch && HasBatches(waiting->run))
    return UserError("waits for batches with this judge; go on with --batch, or name another judge or --run-id", path);
  if (request.batch && HasSingleAnswers(waiting->run))
    return UserError("was begun with this judge in single calls; go on without --batch, or name another --run-id",
                     path);
  PrintNote("going on with " + path);
  return std::move(*waiting);
}

/// What is paid for stays; where nothing is, neither does the run.
Expected<int> Leave(const StartedRun& started, Error why) {
  std::error_code ignored;
  const bool waits = why.kind == ErrorKind::kInterrupted;
  const bool sent = HasBatches(started.run);
  if (!sent && !HasSingleAnswers(started.run)) {
    std::filesystem::remove_all(started.run.path(), ignored);
    if (waits) why.message += "; nothing was kept";
    return std::unexpected(std::move(why));
  }
  Manifest manifest = started.manifest;
  (void)WriteStatus(started.run, manifest, waits ? RunStatus::kInterrupted : RunStatus::kFailed);
  PrintNote(FitNote(fmt::format("{}what was {} is kept in {}: the same command goes on with it and {}",
                                waits ? why.message + "; " : "", sent ? "asked" : "answered",
                                started.run.path().string(), sent ? "sends nothing twice" : "asks none of it again")));
  if (!waits) return std::unexpected(std::move(why));
  return kExitInterrupted;
}

/// From all rows in the logs to a finished run.
Expected<int> Conclude(StartedRun& started, std::int64_t cut_short) {
  if (!started.run.sealed()) {
    // What the judge has used stands in the ledger, which sealing removes.
    TRY(WriteStatus(started.run, started.manifest, RunStatus::kRunning));
    TRY(started.run.Seal(started.manifest.planned));
  }
  TRY_ASSIGN(const std::string unattacked, UnattackedWords(started.run));
  for (const std::string& words : {unattacked, CutShortWords(cut_short)}) {
    if (words.empty() || started.manifest.description.contains(words)) continue;
    started.manifest.description += " " + words;
    Print(FitOutput(words) + "\n");
  }
  TRY_ASSIGN(const int code, FinishRun(started.run, std::move(started.manifest)));
  TRY(ForgetBatches(started.run));
  return code;
}

}  // namespace

Expected<int> RejudgeRun(const RejudgeRequest& request, const std::atomic<bool>& stop) {
  if (!request.judge && request.set.empty())
    return UserError("needs another judge: --judge NAME, or --set judge.OPTION=VALUE", "rejudge");
  TRY(CheckSets(request.set));
  TRY_ASSIGN(const auto path, FindRun(request.outdir, "", request.run));
  TRY_ASSIGN(const auto old_run, RunDirectory::Open(RealDisk(), path));
  if (!old_run.sealed()) return UserError("is not finished; go on with it first: xsweep run --resume", path.string());
  TRY_ASSIGN(const RunAggregate judged_before, AggregateRun(path.string()));
  TRY(RefuseDamaged(judged_before, "a judge needs every trial"));
  const Manifest& before = judged_before.run;
  TRY_ASSIGN(Experiment experiment, OpenWithJudge(old_run, request));
  TRY(CheckJudge(experiment, before, path.string()));
  TRY(CheckKey(experiment));
  if (request.batch) TRY(CheckBatches(experiment));
  TRY_ASSIGN(KeptDialogues dialogues, KeptDialogues::Open(old_run));
  experiment.config.description =
      fmt::format("{} (run {} judged again by {})", before.description, before.run_id, experiment.config.judge.name);
  Manifest manifest = DescribeRun(experiment, request.argv);
  manifest.dialogues_of = before.dialogues_of.empty() ? before.run_id : before.dialogues_of;
  KeepImport(before, experiment.config.judge.name, manifest);
  if (request.batch) PriceAsBatch(experiment, manifest);
  TRY_ASSIGN(StartedRun started, StartOrGoOn(request, experiment, std::move(manifest)));
  TRY_ASSIGN(const Claim claim, ClaimTrials(started.run, 0, started.manifest.planned));
  std::optional<FileLock> held;
  if (request.batch) {
    TRY_ASSIGN(FileLock lock, HoldBatches(started.run));
    held.emplace(std::move(lock));
  }
  if (started.run.sealed()) return Conclude(started, 0);
  const auto judged = request.batch
                          ? JudgeInBatches(experiment, old_run, started.run, *request.batch, stop)
                          : JudgeAll(experiment, dialogues, started.run, started.manifest.planned, request.jobs, stop);
  if (!judged) return Leave(started, judged.error());
  return Conclude(started, *judged);
}

}  // namespace xsweep
