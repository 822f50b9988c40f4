// ImportedRun: what an importer has made of somebody's results, written as a run directory.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/foreign/imported.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <unordered_set>

#include "base/files.h"
#include "base/hash.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "config/resolved.h"
#include "plan/cell_id.h"
#include "record/logs/layout.h"
#include "record/logs/trial_log.h"
#include "record/run_id.h"
#include "record/transcripts/transcript_log.h"
#include "sweep/finish.h"
#include "sweep/start_run.h"

namespace xsweep {
namespace {

constexpr std::string_view kAloneName = "injection_alone";

/// The part of a cell's id that names one value.
std::string ValueLabel(const std::string& value) { return ValueLabels({.path = "x", .values = {Json(value)}}).front(); }

CellRecord Describe(const ForeignArm& arm) {
  CellRecord cell;
  const bool attacked = arm.setting == Setting::kAttacked;
  const std::string attack = arm.setting == Setting::kAlone ? std::string(kAloneName)
                             : !attacked                    ? "none"
                             : arm.attack.empty()           ? "unnamed"
                                                            : arm.attack;
  std::vector<std::pair<std::string, std::string>> labels;
  const auto axis = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    cell.axes.emplace_back(name, value);
    labels.emplace_back(name, ValueLabel(value));
  };
  axis("model", arm.model);
  axis("defense", arm.defense);
  axis("suite", arm.suite);
  if (attacked || arm.setting == Setting::kAlone || !arm.attack.empty() || !arm.defense.empty()) axis("attack", attack);
  cell.id = CellId(labels);
  cell.hash = ShortHash(cell.id);
  // Arms that their source calls undefended are cells as any other; what is not attacked is the control of what is.
  cell.arm = attacked ? Arm::kGrid : Arm::kNoAttack;
  cell.agent = arm.model.empty() ? "imported" : arm.model;
  cell.attack = attack;
  cell.defense = arm.defense.empty() ? "none" : arm.defense;
  cell.judge = attacked ? "as recorded" : "none";
  return cell;
}

Json List(const std::vector<std::string>& texts) { return Json::MakeArray({texts.begin(), texts.end()}); }

Status KeepDialogues(const RunDirectory& run, const std::string& records, const std::filesystem::path& sealed) {
  if (!sealed.empty()) {
    // Its writer makes no file where no dialogue was kept.
    if (!std::filesystem::exists(sealed)) return {};
    return run.disk().Rename(sealed, run.File(layout::kTranscripts));
  }
  TRY_ASSIGN(const auto dialogues, TranscriptLog::Open(run.disk(), run.shards() / "0.transcripts"));
  TRY(dialogues->Append(records));
  return dialogues->Sync();
}

Status KeepRows(const RunDirectory& run, const std::vector<Trial>& rows) {
  TRY_ASSIGN(const auto log, TrialLog::Open(run.disk(), run.shards() / "0.jsonl"));
  constexpr std::size_t kBlock = std::size_t{1} << 20U;
  std::string text;
  for (const Trial& row : rows) {
    AppendTrialRow(row, text);
    if (text.size() < kBlock) continue;
    TRY(log->Append(text));
    text.clear();
  }
  TRY(log->Append(text));
  return log->Close();
}

bool Plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

std::string ImportedName(const ImportRequest& request) {
  if (!request.exp.empty()) return request.exp;
  constexpr std::size_t kLongest = 60;
  std::filesystem::path path = std::filesystem::path(request.file).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string stem = path.stem().string();
  std::string name = "imported_" + stem;
  std::ranges::replace_if(name, [](char c) { return !Plain(c); }, '_');
  // The hash keeps two long names apart that begin alike.
  if (name.size() > kLongest) name = name.substr(0, kLongest - 9) + "_" + ShortHash(stem).substr(0, 8);
  return name;
}

Expected<Experiment> DescribeImport(const ImportRequest& request, const ForeignSource& source, Json environment,
                                    const std::vector<std::string>& tasks, const std::string& sha256) {
  environment.Set("tasks", List(tasks));
  Json agent = Json::MakeObject({{"name", "imported"},
                                 {"source", std::filesystem::path(request.file).filename().string()},
                                 {"source_sha256", sha256},
                                 {"format", source.format}});
  if (!source.model.empty()) agent.Set("model", source.model);
  // JSON is YAML: the config needs no layout of its own.
  const std::string text = Json::MakeObject({{"exp", ImportedName(request)},
                                             {"description", "Imported results of episodes that ran elsewhere."},
                                             {"mode", "REAL"},
                                             {"seeds", Json::MakeArray({Json(source.seed)})},
                                             {"trials", 1},
                                             {"environment", std::move(environment)},
                                             {"agent", std::move(agent)},
                                             {"attack", Json::MakeObject({{"name", "none"}})},
                                             {"defense", Json::MakeObject({{"name", "none"}})},
                                             {"judge", Json::MakeObject({{"name", "goal_reached"}})},
                                             {"transcripts", "all"}})
                               .Dump();
  return OpenExperimentText(text, request.file, {});
}

void RewardsSeen::Add(double reward) {
  ++graded;
  if (!IsPartial(reward)) return;
  ++partial;
  least_partial = std::min(least_partial, reward);
  most_partial = std::max(most_partial, reward);
}

/// A rate over the rest says little where more than this share of the rewards is partial.
constexpr double kMostPartial = 0.05;

Grading GradingOf(const ImportRequest& request, const RewardsSeen& seen) {
  const bool many = static_cast<double>(seen.partial) > kMostPartial * static_cast<double>(seen.graded);
  return {request.success_at, many && !request.success_at};
}

void SayPartialRewards(const ImportRequest& request, const RewardsSeen& seen, ImportedRun& run) {
  if (seen.partial == 0) return;
  if (request.success_at) {
    return run.Note(fmt::format("{} of {} rewards are partial; those from {:g} on count as solved.", seen.partial,
                                seen.graded, *request.success_at));
  }
  run.Warn(fmt::format(
      "{} of {} recorded rewards are partial, neither 0 nor 1 ({:g} to {:g}): {}. Say from which reward on an episode "
      "counts as solved, e.g. --success-at 0.9.",
      seen.partial, seen.graded, seen.least_partial, seen.most_partial,
      GradingOf(request, seen).withheld
          ? "all rewards stand in the rows as `reward`, and there is no task success"
          : "they stand in the rows as `reward`, and task success speaks of the others only"));
}

namespace {

/// What the episode earned, as far as a row can say it.
void SetReward(const ForeignTrial& trial, const Grading& grading, Trial& row) {
  row.task_success = trial.utility;
  if (!trial.reward) return;
  const bool partial = IsPartial(*trial.reward);
  if (grading.success_at) {
    // 0.9 that was summed from parts may lie a hair below the 0.9 of the command line.
    row.task_success = *trial.reward >= *grading.success_at - 1e-9;
  } else if (!partial && !grading.withheld) {
    row.task_success = Solved(*trial.reward);
  }
  if (partial || grading.withheld) row.reward = trial.reward;
}

}  // namespace

Trial RowOf(const ForeignTrial& trial, std::uint64_t seed, const Grading& grading) {
  Trial row;
  row.task = trial.task;
  row.seed = seed;
  row.turns = trial.turns;
  row.tool_calls = trial.tool_calls;
  row.usage[Role::kAgent] = trial.agent;
  row.usage[Role::kUser] = trial.user;
  if (trial.dialogue) row.stop = trial.dialogue->stop;
  const bool attacked = trial.arm.setting == Setting::kAttacked;
  if (attacked) {
    row.goal = trial.injection;
    row.channel = Channel::kToolResult;
    row.exposed = trial.exposed.value_or(false);
    row.exposure_unknown = !trial.exposed.has_value();
    // Sources do not say when; a row that says exposed has to name a turn.
    row.exposed_turn = row.exposed ? 1 : 0;
  }
  // Before any verdict is read: harnesses fill in booleans for episodes that failed, too.
  if (!trial.error.empty()) {
    row.outcome = Outcome::kError;
    row.error_kind = TrialError::kEpisode;
    row.error_message = trial.error;
    return row;
  }
  SetReward(trial, grading, row);
  row.outcome = Outcome::kBenign;
  if (!attacked) return row;
  row.attempted = row.executed = trial.success.value_or(false) ? 1 : 0;
  row.outcome = trial.success.value_or(false)  ? Outcome::kAttackSucceeded
                : trial.exposed.value_or(true) ? Outcome::kAttackResisted
                                               : Outcome::kNotExposed;
  return row;
}

std::uint32_t ImportedRun::CellOf(const ForeignArm& arm) {
  const auto [place, fresh] = by_arm_.try_emplace(arm, static_cast<std::uint32_t>(cells_.size()));
  if (fresh) cells_.push_back(Describe(arm));
  return place->second;
}

std::uint64_t ImportedRun::Add(const ForeignArm& arm, Trial row, std::uint32_t given) {
  row.index = rows_.size();
  row.cell = cells_[CellOf(arm)].id;
  rows_.push_back(std::move(row));
  given_.push_back(given);
  return rows_.back().index;
}

std::uint64_t ImportedRun::AddToCell(const CellRecord& cell, Trial row, std::uint32_t given) {
  if (std::ranges::find(cells_, cell.id, &CellRecord::id) == cells_.end()) cells_.push_back(cell);
  row.index = rows_.size();
  row.cell = cell.id;
  rows_.push_back(std::move(row));
  given_.push_back(given);
  return rows_.back().index;
}

void ImportedRun::NumberTrials() {
  std::vector<std::uint64_t> order(rows_.size());
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](std::uint64_t i) {
    return std::tuple(std::string_view(rows_[i].cell), std::string_view(rows_[i].task), given_[i], i);
  };
  std::ranges::sort(order, {}, key);
  std::uint64_t renumbered = 0;
  for (std::size_t at = 0; at < order.size(); ++at) {
    Trial& row = rows_[order[at]];
    const bool first = at == 0 || rows_[order[at - 1]].cell != row.cell || rows_[order[at - 1]].task != row.task;
    row.trial = first ? 0 : rows_[order[at - 1]].trial + 1;
    if (!first && given_[order[at]] == given_[order[at - 1]]) ++renumbered;
    trials_ = std::max(trials_, row.trial + 1);
  }
  if (renumbered > 0) {
    Note(fmt::format("{} {} the task and trial number of an earlier one; they were given numbers of their own.",
                     renumbered, renumbered == 1 ? "episode has" : "episodes have"));
  }
}

void ImportedRun::KeepNumbers() {
  std::unordered_set<std::string> seen;
  // Beyond the numbers of all cells: a smaller one would be some other case's and pair with it.
  const std::uint32_t beyond = given_.empty() ? 0 : std::ranges::max(given_) + 1;
  std::uint64_t renumbered = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    Trial& row = rows_[i];
    row.trial = given_[i];
    const auto taken = [&] { return !seen.insert(fmt::format("{}\n{}\n{}", row.cell, row.task, row.trial)).second; };
    if (taken()) {
      ++renumbered;
      for (row.trial = beyond; taken();) ++row.trial;
    }
    trials_ = std::max(trials_, row.trial + 1);
  }
  if (renumbered > 0) {
    Note(fmt::format(
        "{} of a case that an earlier one is of; they were given numbers of their own and pair with nothing.",
        renumbered == 1 ? "One episode is" : fmt::format("{} episodes are", renumbered)));
  }
}

Expected<int> ImportedRun::Finish(const Experiment& experiment, const ImportRequest& request,
                                  const ForeignSource& source, const std::string& sha256) {
  if (request.strict && !warnings_.empty())
    return UserError(fmt::format("refused by --strict: {}", fmt::join(warnings_, " ")), request.file);
  Manifest manifest = DescribeRun(experiment, request.argv);
  // Where nothing was attacked the benign cells are no controls of anything: they are what the run is about.
  const bool attacked = std::ranges::any_of(cells_, [](const CellRecord& cell) { return cell.arm == Arm::kGrid; });
  if (!attacked) {
    for (CellRecord& cell : cells_) cell.arm = Arm::kGrid;
  }
  manifest.cells = cells_;
  manifest.planned = rows_.size();
  manifest.trials = std::max(1U, trials_);
  manifest.seeds = {source.seed};
  Json imported = Json::MakeObject({{"format", source.format},
                                    {"source", std::filesystem::path(request.file).filename().string()},
                                    {"source_sha256", sha256},
                                    {"files", source.files},
                                    {"model", source.model},
                                    {"domain", source.domain}});
  for (const auto& [name, value] : about.members()) imported.Set(name, value);
  imported.Set("notes", List(notes_));
  imported.Set("warnings", List(warnings_));
  manifest.imported = std::move(imported);
  TRY_ASSIGN(StartedRun started, StartNewRun(experiment, std::move(manifest), {.outdir = request.outdir}));
  TRY(started.run.disk().MakeDirectory(started.run.shards()));
  TRY(KeepDialogues(started.run, transcripts, sealed_transcripts));
  TRY(KeepRows(started.run, rows_));
  // Both are on the disk; what follows reads them from there and needs the memory.
  rows_ = {};
  transcripts = {};
  for (const std::string& warning : warnings_) PrintNote(FitNote("warning: " + Printable(warning, 600)));
  for (const std::string& note : notes_) PrintNote(FitNote("note: " + Printable(note, 600)));
  return FinishRun(started.run, std::move(started.manifest));
}

}  // namespace xsweep
