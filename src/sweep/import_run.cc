// ImportResults: recorded results of other harnesses as a run directory.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/import_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "base/files.h"
#include "base/hash.h"
#include "base/terminal.h"
#include "base/text.h"
#include "config/resolved.h"
#include "foreign/replay.h"
#include "foreign/tau.h"
#include "record/run_id.h"
#include "record/transcript_log.h"
#include "record/trial_log.h"
#include "sweep/execute.h"
#include "sweep/experiment.h"
#include "words/exit_code.h"

namespace xsweep {
namespace {

using EpisodeKey = std::pair<std::string, std::uint32_t>;

/// Numbered tasks in the order of their numbers.
struct ShorterFirst {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};

/// The episodes of a file by task and trial, with the trials numbered from 0.
struct Episodes {
  ForeignResults results;
  std::map<EpisodeKey, ForeignEpisode*> by_key;
  std::set<std::string, ShorterFirst> tasks;
  std::uint32_t trials = 0;
};

Status NumberTrials(Episodes& episodes, const std::string& where) {
  std::set<std::uint32_t> numbers;
  for (const ForeignEpisode& episode : episodes.results.episodes) numbers.insert(episode.trial);
  episodes.trials = static_cast<std::uint32_t>(numbers.size());
  for (ForeignEpisode& episode : episodes.results.episodes) {
    episode.trial = static_cast<std::uint32_t>(std::distance(numbers.begin(), numbers.find(episode.trial)));
    episodes.tasks.insert(episode.task);
    if (!episodes.by_key.emplace(EpisodeKey{episode.task, episode.trial}, &episode).second)
      return UserError(fmt::format("has task {} trial {} twice", episode.task, episode.trial), where);
  }
  return {};
}

/// A name that a directory may have.
std::string ExperimentName(const ImportRequest& request) {
  if (!request.exp.empty()) return request.exp;
  std::string name = "imported_" + std::filesystem::path(request.file).stem().string();
  for (char& c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!plain) c = '_';
  }
  return name;
}

/// JSON is YAML: the config needs no layout of its own.
Expected<std::string> ConfigText(const ImportRequest& request, const Episodes& episodes, const std::string& sha256) {
  TRY_ASSIGN(Json environment, request.environment.Options());
  environment.Set("name", request.environment.name);
  Json tasks = Json::MakeArray();
  for (const std::string& task : episodes.tasks) tasks.Append(task);
  environment.Set("tasks", std::move(tasks));
  Json agent = Json::MakeObject({{"name", "imported"},
                                 {"source", std::filesystem::path(request.file).filename().string()},
                                 {"source_sha256", sha256},
                                 {"format", episodes.results.format}});
  if (!episodes.results.model.empty()) agent.Set("model", episodes.results.model);
  return Json::MakeObject({{"exp", ExperimentName(request)},
                           {"description", "Imported results of episodes that ran elsewhere."},
                           {"mode", "REAL"},
                           {"seeds", Json::MakeArray({Json(episodes.results.seed)})},
                           {"trials", episodes.trials},
                           {"environment", std::move(environment)},
                           {"agent", std::move(agent)},
                           {"attack", Json::MakeObject({{"name", "none"}})},
                           {"defense", Json::MakeObject({{"name", "none"}})},
                           {"judge", Json::MakeObject({{"name", "goal_reached"}})},
                           {"transcripts", "all"}})
      .Dump();
}

std::optional<std::int64_t> NanoUsd(const std::optional<double>& cost_usd) {
  if (!cost_usd) return std::nullopt;
  return std::llround(*cost_usd * 1e9);
}

void FillDialogue(const ForeignEpisode& episode, Trial& row) {
  const auto& steps = episode.transcript.steps;
  row.turns = static_cast<int>(std::ranges::count(steps, StepKind::kUser, &Step::kind));
  row.tool_calls = static_cast<int>(episode.transcript.calls.size());
  row.stop = episode.transcript.stop;
  row.usage[0].calls = std::ranges::count(steps, StepKind::kAgent, &Step::kind);
  row.usage[0].cost_nano_usd = NanoUsd(episode.agent_cost_usd);
  row.usage[1].calls = row.turns;
  row.usage[1].cost_nano_usd = NanoUsd(episode.user_cost_usd);
}

Trial RowOf(const Experiment& experiment, const TrialIdentity& identity, const Task& task,
            const ForeignEpisode* episode) {
  Trial row;
  row.index = identity.index;
  row.cell = experiment.plan.cells()[identity.cell].id;
  row.task = task.id;
  row.seed = identity.seed;
  row.trial = identity.trial;
  row.task_hash = task.data_hash;
  row.policy_hash = ShortHash(experiment.environment->policy());
  row.judge_hash = ShortHash(experiment.plan.cells()[identity.cell].judge.name);
  row.outcome = Outcome::kBenign;
  if (episode == nullptr) {
    row.outcome = Outcome::kSkipped;
    row.error_kind = "import";
    row.error_message = "the imported file has no episode of this task and trial";
    return row;
  }
  FillDialogue(*episode, row);
  if (!episode->error.empty()) {
    row.outcome = Outcome::kError;
    row.error_kind = "episode";
    row.error_message = episode->error;
  } else {
    row.task_success = Solved(*episode->reward);
  }
  return row;
}

/// Everything that is to be written, made before the run directory is.
struct Written {
  std::string rows, transcripts;
};

Expected<Written> WriteRows(const Experiment& experiment, Episodes& episodes, ReplayAgreement& agreement) {
  Written out;
  for (std::uint64_t index = 0; index < experiment.plan.size(); ++index) {
    const TrialIdentity identity = experiment.plan.At(index);
    TRY_ASSIGN(const std::size_t place, FindTask(*experiment.environment, experiment.plan.tasks()[identity.task]));
    const Task& task = experiment.environment->tasks()[place];
    const auto found = episodes.by_key.find({task.id, identity.trial});
    ForeignEpisode* episode = found == episodes.by_key.end() ? nullptr : found->second;
    if (episode != nullptr) {
      TRY(ReplayEpisode(*experiment.environment, place, *episode, agreement));
      AppendTranscriptRecord(index, 0, episode->transcript.ToJson().Dump(), out.transcripts);
    }
    AppendTrialRow(RowOf(experiment, identity, task, episode), out.rows);
  }
  return out;
}

Expected<RunDirectory> StartImportedRun(const Experiment& experiment, const ImportRequest& request,
                                        Manifest& manifest) {
  const auto now = std::chrono::system_clock::now();
  const std::string id = MakeRunId(now, manifest.git.sha, manifest.mode, manifest.seeds, manifest.trials);
  TRY_ASSIGN(auto run, RunDirectory::Create(RealDisk(), request.outdir, experiment.config.exp, id));
  manifest.run_id = run.run_id();
  manifest.timestamp_utc = IsoUtc(now);
  TRY(run.Write("config.yaml", ResolvedYaml(experiment.config)));
  TRY(run.WriteManifest(manifest));
  return run;
}

Status KeepRows(const RunDirectory& run, const Written& written) {
  TRY(run.disk().MakeDirectory(run.shards()));
  TRY_ASSIGN(const auto transcripts, TranscriptLog::Open(run.disk(), run.shards() / "0.transcripts"));
  TRY(transcripts->Append(written.transcripts));
  TRY(transcripts->Sync());
  TRY_ASSIGN(const auto rows, TrialLog::Open(run.disk(), run.shards() / "0.jsonl"));
  TRY(rows->Append(written.rows));
  return rows->Close();
}

void Announce(const Episodes& episodes, const ReplayAgreement& agreement) {
  double sum = 0;
  std::size_t graded = 0, errors = 0;
  for (const ForeignEpisode& episode : episodes.results.episodes) {
    if (!episode.error.empty()) ++errors;
    if (!episode.error.empty() || !episode.reward) continue;
    ++graded;
    sum += *episode.reward;
  }
  Print(fmt::format("imported: {} episodes of {} tasks, {} trials each, {} errors; mean reward {:.3f}\n",
                    episodes.results.episodes.size(), episodes.tasks.size(), episodes.trials, errors,
                    graded == 0 ? 0.0 : sum / static_cast<double>(graded)));
  Print(agreement.Text());
}

}  // namespace

Expected<int> ImportResults(const ImportRequest& request) {
  auto text = ReadFile(request.file);
  if (!text) return UserError(text.error().message, request.file);
  Episodes episodes;
  TRY_ASSIGN(episodes.results, ReadForeignResults(*text, request.file));
  TRY(NumberTrials(episodes, request.file));
  TRY_ASSIGN(const std::string config, ConfigText(request, episodes, Sha256(*text)));
  TRY_ASSIGN(const Experiment experiment, OpenExperimentText(config, request.file, {}));
  ReplayAgreement agreement;
  TRY_ASSIGN(const Written written, WriteRows(experiment, episodes, agreement));
  Manifest manifest = DescribeRun(experiment, request.argv);
  TRY_ASSIGN(const RunDirectory run, StartImportedRun(experiment, request, manifest));
  TRY(KeepRows(run, written));
  Announce(episodes, agreement);
  return FinishRun(run, std::move(manifest));
}

}  // namespace xsweep
