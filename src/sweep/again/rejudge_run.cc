// RejudgeRun: another judge over the dialogues of a finished run, without asking any agent again.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/rejudge_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <ranges>

#include "analyze/numbers.h"
#include "base/files.h"
#include "base/system/terminal.h"
#include "engine/run_trial.h"
#include "engine/shared_budget.h"
#include "models/shelf.h"
#include "net/client/http.h"
#include "record/logs/layout.h"
#include "record/logs/trial_log.h"
#include "record/transcripts/transcript_file.h"
#include "record/transcripts/transcript_log.h"
#include "sweep/finish.h"
#include "sweep/open/experiment.h"
#include "sweep/start_run.h"

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

/// The dialogue came to an end, or held a success before it broke off: a judge can look at it.
bool Judgeable(const Trial& row) {
  if (row.outcome == Outcome::kAttackSucceeded) return true;
  return row.outcome != Outcome::kSkipped && row.stop != Stop::kNone && row.stop != Stop::kError &&
         row.error_kind != TrialError::kUnanswered;
}

/// The rows and dialogues of the old run, in plan order.
class Recorded {
 public:
  static Expected<Recorded> Open(const RunDirectory& run) {
    Recorded recorded;
    std::uint64_t needed = 0;
    const auto read = [&](std::uint64_t, std::string_view line) -> Status {
      TRY_ASSIGN(Trial row, ParseTrialRow(line, layout::kRows));
      needed += Judgeable(row) ? 1 : 0;
      recorded.rows_.push_back(std::move(row));
      return {};
    };
    TRY(ForEachLine(run.File(layout::kRows), read));
    const auto file = run.File(layout::kTranscripts);
    if (std::filesystem::exists(file)) {
      TRY_ASSIGN(recorded.dialogues_, TranscriptFile::Open(file));
    }
    const std::uint64_t kept = recorded.dialogues_ ? recorded.dialogues_->size() : 0;
    if (kept < needed) {
      return UserError(fmt::format("kept transcripts of {} of {} trials, and a judge needs all of them; run it with "
                                   "`transcripts: all`",
                                   kept, needed),
                       run.path().string());
    }
    return recorded;
  }
  struct Next {
    Trial row;
    Json transcript;
    std::shared_ptr<const Transcript> dialogue;
  };
  /// Empty behind the last.
  Expected<std::optional<Next>> Take() {
    if (at_ == rows_.size()) return std::optional<Next>();
    Next next{std::move(rows_[at_++]), {}, {}};
    if (!Judgeable(next.row)) return std::optional(std::move(next));
    TRY_ASSIGN(auto found, FindFrom(next.row.index));
    TRY_ASSIGN(Transcript dialogue, Transcript::FromJson(found));
    next.dialogue = std::make_shared<const Transcript>(std::move(dialogue));
    next.transcript = std::move(found);
    return std::optional(std::move(next));
  }

 private:
  /// Transcripts lie in plan order too, so one walk finds them all.
  Expected<Json> FindFrom(std::uint64_t index) {
    for (; frame_ < dialogues_->size(); ++frame_) {
      TRY_ASSIGN(const std::string line, dialogues_->Line(frame_));
      TRY_ASSIGN(const Json json, Json::Parse(line, layout::kTranscripts));
      if (json.IntOr("index", -1) != static_cast<std::int64_t>(index)) continue;
      const Json* transcript = json.Find("transcript");
      if (transcript != nullptr) return *transcript;
    }
    return UserError(fmt::format("holds no dialogue for trial {}", index), layout::kTranscripts);
  }
  std::vector<Trial> rows_;
  std::optional<TranscriptFile> dialogues_;
  std::size_t at_ = 0;
  std::size_t frame_ = 0;
};

/// The model of the judge, where it has one, and what the judging writes and spends.
struct Bench {
  SystemClock clock;
  std::unique_ptr<SharedBudget> budget;  ///< of this process alone, but run.json is written from its ledger
  std::unique_ptr<IoLoop> loop;
  std::unique_ptr<Http> http;
  std::unique_ptr<ExchangeLog> exchanges;
  std::unique_ptr<ModelShelf> shelf;
  std::unique_ptr<TrialLog> rows;
  std::unique_ptr<TranscriptLog> transcripts;
  std::int64_t cut_short = 0;  ///< dialogues that ended at what only the judge before called success
  Status result;
};

Status OpenBench(const RunDirectory& run, const Limits& limits, Bench& bench) {
  TRY_ASSIGN(bench.loop, IoLoop::Create(bench.clock));
  TRY(run.disk().MakeDirectory(run.shards()));
  TRY_ASSIGN(bench.budget, SharedBudget::Open(run.disk(), limits, run.shards(), "0"));
  TRY_ASSIGN(bench.rows, TrialLog::Open(run.disk(), run.shards() / "0.jsonl"));
  TRY_ASSIGN(bench.transcripts, TranscriptLog::Open(run.disk(), run.shards() / "0.transcripts"));
  bench.http = std::make_unique<Http>(*bench.loop);
  ModelSources sources{.http = bench.http.get()};
  TRY_ASSIGN(bench.exchanges, ExchangeLog::Open(run.disk(), run.shards() / layout::Log("0", layout::kExchangeLog)));
  sources.log = bench.exchanges.get();
  Budget& budget = bench.budget->budget();
  sources.hooks.admit = [&budget](const ModelRequest&) { return budget.MayCall(); };
  sources.hooks.spent = [&budget](Role role, const Usage& usage) { budget.Charge(role, usage); };
  bench.shelf = std::make_unique<ModelShelf>(std::move(sources));
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

/// A dialogue that several rows share is kept once here, too: of a row that was read through a pointer, what is its
/// own.
Json OwnOf(const Json& transcript) {
  if (!transcript.is_object() || transcript.Find("dialogue") == nullptr) return transcript;
  Json own = Json::MakeObject();
  for (const char* member : {"dialogue", "stop", "assessment", "task"}) {
    if (const Json* value = transcript.Find(member)) own.Set(member, *value);
  }
  return own;
}

Status Keep(const Trial& row, const Json& dialogue, Bench& bench) {
  std::string bytes;
  const Json transcript = OwnOf(dialogue);
  if (transcript.is_object()) AppendTranscriptRecord(row.index, row.attempt, transcript.Dump(), bytes);
  if (!bytes.empty()) TRY(bench.transcripts->Append(bytes));
  bytes.clear();
  AppendTrialRow(row, bytes);
  return bench.rows->Append(bytes);
}

/// The trial that a row is. The rows of an import are no whole grid: they are found by name, and the one cell of the
/// config stands for all of theirs.
Expected<TrialIdentity> IdentityOf(const Plan& plan, const Trial& row) {
  if (row.index < plan.size()) {
    const TrialIdentity planned = plan.At(row.index);
    const bool same = plan.cells()[planned.cell].id == row.cell && plan.tasks()[planned.task] == row.task &&
                      planned.seed == row.seed && planned.trial == row.trial;
    if (same) return planned;
  }
  const auto task = std::ranges::find(plan.tasks(), row.task);
  if (task == plan.tasks().end() || plan.cells().size() != 1)
    return UserError(
        fmt::format("has a row of task `{}` in cell `{}`, which its config does not plan", row.task, row.cell),
        layout::kRows);
  return TrialIdentity{row.index, 0, static_cast<std::uint32_t>(task - plan.tasks().begin()), row.seed, row.trial};
}

/// One row after the other; several of these run at once and share `recorded`.
Async<bool> JudgeRows(const TrialRunner& runner, const Plan& plan, Recorded& recorded, Bench& bench,
                      const std::atomic<bool>& stop) {
  const Surroundings around{.loop = bench.loop.get(), .http = bench.http.get()};
  while (bench.result) {
    if (stop) bench.result = std::unexpected(Error{ErrorKind::kInterrupted, "interrupted; nothing was kept", {}});
    if (stop) break;
    auto next = recorded.Take();
    if (!next) bench.result = std::unexpected(next.error());
    if (!next || !*next) break;
    const auto identity = IdentityOf(plan, (*next)->row);
    if (!identity) bench.result = std::unexpected(identity.error());
    if (!identity) break;
    const bool stopped = (*next)->row.success_query > 0 && (*next)->row.success_query == (*next)->row.queries;
    auto row = co_await runner.Rejudge(*identity, std::move((*next)->row), (*next)->dialogue, around);
    if (!bench.result) break;
    if (stopped && row && row->outcome != Outcome::kAttackSucceeded) ++bench.cut_short;
    bench.result = row ? Keep(*row, (*next)->transcript, bench) : std::unexpected(row.error());
  }
  co_return true;
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

/// How many dialogues may have been cut short.
Expected<std::int64_t> JudgeAll(const Experiment& experiment, Recorded& recorded, const RunDirectory& run, int jobs,
                                const std::atomic<bool>& stop) {
  Bench bench;
  TRY(OpenBench(run, experiment.config.limits, bench));
  const auto judge_only = [&](const Cell& cell) -> Expected<ModelSet> {
    ModelSet models;
    if (cell.models[Role::kJudge]) {
      TRY_ASSIGN(models[Role::kJudge],
                 bench.shelf->Get(cell.models[Role::kJudge]->name, cell.models[Role::kJudge]->options));
    }
    return models;
  };
  TRY_ASSIGN(const TrialRunner runner, TrialRunner::Prepare(experiment.config, experiment.plan, experiment.catalog,
                                                            experiment.environment, judge_only));
  const int workers = experiment.config.models[Role::kJudge] ? jobs : 1;
  for (int i = 0; i < workers; ++i)
    bench.loop->Spawn(JudgeRows(runner, experiment.plan, recorded, bench, stop), [](bool) {});
  bench.loop->RunSpawned();
  TRY(bench.transcripts->Sync());
  const Status exchanges_closed = bench.exchanges->Close();
  const Status rows_closed = bench.rows->Close(), budget_closed = bench.budget->Close();
  TRY(std::move(bench.result));
  TRY(exchanges_closed);
  TRY(rows_closed);
  TRY(budget_closed);
  return bench.cut_short;
}

}  // namespace

Expected<int> RejudgeRun(const RejudgeRequest& request, const std::atomic<bool>& stop) {
  if (!request.judge && request.set.empty())
    return UserError("needs another judge: --judge NAME, or --set judge.OPTION=VALUE", "rejudge");
  TRY(CheckSets(request.set));
  TRY_ASSIGN(const auto path, FindRun(request.outdir, "", request.run));
  TRY_ASSIGN(const auto old_run, RunDirectory::Open(RealDisk(), path));
  if (!old_run.sealed()) return UserError("is not finished; go on with it first: xsweep run --resume", path.string());
  TRY_ASSIGN(const Manifest before, old_run.ReadManifest());
  TRY_ASSIGN(Experiment experiment, OpenWithJudge(old_run, request));
  TRY(CheckJudge(experiment, before, path.string()));
  TRY(CheckKey(experiment));
  TRY_ASSIGN(Recorded recorded, Recorded::Open(old_run));

  experiment.config.description =
      fmt::format("{} (run {} judged again by {})", before.description, before.run_id, experiment.config.judge.name);
  Manifest manifest = DescribeRun(experiment, request.argv);
  manifest.dialogues_of = before.dialogues_of.empty() ? before.run_id : before.dialogues_of;
  KeepImport(before, experiment.config.judge.name, manifest);
  TRY_ASSIGN(StartedRun started, StartNewRun(experiment, std::move(manifest), {request.outdir, request.run_id}));
  const auto judged = JudgeAll(experiment, recorded, started.run, request.jobs, stop);
  if (!judged) {
    // Half of it must not stay: resuming it would ask the agents.
    std::error_code ignored;
    std::filesystem::remove_all(started.run.path(), ignored);
    return std::unexpected(judged.error());
  }
  // What the judge has used stands in the ledger, which sealing removes.
  TRY(WriteStatus(started.run, started.manifest, RunStatus::kRunning));
  TRY(started.run.Seal(started.manifest.planned));
  TRY_ASSIGN(const std::string unattacked, UnattackedWords(started.run));
  for (const std::string& words : {unattacked, CutShortWords(*judged)}) {
    if (words.empty()) continue;
    started.manifest.description += " " + words;
    Print(FitOutput(words) + "\n");
  }
  return FinishRun(started.run, std::move(started.manifest));
}

}  // namespace xsweep
