// ImportFacts: episodes that others have judged already as a run.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/foreign/import_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "analyze/numbers.h"
#include "base/files.h"
#include "base/gzip.h"
#include "base/hash.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "foreign/agentdojo_tree.h"
#include "foreign/inspect.h"
#include "foreign/table.h"
#include "record/transcripts/transcript_log.h"
#include "sweep/foreign/finish_facts.h"
#include "sweep/foreign/import_intervals.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// Injections of one suite, in their order: a case has the same trial number in every arm.
class Cases {
 public:
  explicit Cases(const std::vector<ForeignTrial>& trials) {
    for (const ForeignTrial& trial : trials) {
      epochs_ = std::max(epochs_, trial.trial + 1);
      // By number first, so that injection 10 comes after 9.
      if (!trial.injection.empty()) places_[trial.arm.suite].insert({TrailingNumber(trial.injection), trial.injection});
    }
    for (const auto& [suite, injections] : places_) {
      std::uint32_t place = 0;
      for (const auto& [number, name] : injections) numbers_[{suite, name}] = place++;
    }
  }
  std::uint32_t Number(const ForeignTrial& trial) const {
    if (trial.injection.empty()) return trial.trial;
    return numbers_.at({trial.arm.suite, trial.injection}) * epochs_ + trial.trial;
  }

 private:
  std::uint32_t epochs_ = 1;
  std::map<std::string, std::set<std::pair<std::uint32_t, std::string>>> places_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> numbers_;
};

std::string Name(const ForeignArm& arm) {
  std::string name;
  for (const std::string* part : {&arm.model, &arm.defense, &arm.suite, &arm.attack}) {
    if (!part->empty()) name.append(name.empty() ? "" : " / ").append(*part);
  }
  return name.empty() ? "the only arm" : name;
}

/// Which cases some arm of a suite has and another has not.
void SayMissingCases(const std::vector<ForeignTrial>& trials, ImportedRun& run) {
  using Question = std::tuple<std::string, Setting, std::string>;  // suite, setting, attack
  std::map<Question, std::set<std::pair<std::string, std::string>>> wanted;
  std::map<ForeignArm, std::set<std::pair<std::string, std::string>>> had;
  for (const ForeignTrial& trial : trials) {
    const ForeignArm& arm = trial.arm;
    // Model and defense are left out of the question: they are what is compared over the same cases.
    wanted[{arm.suite, arm.setting, arm.attack}].insert({trial.task, trial.injection});
    had[arm].insert({trial.task, trial.injection});
  }
  Json missing = Json::MakeArray();
  std::size_t arms = 0, cases = 0;
  std::string worst;
  std::size_t most = 0;
  for (const auto& [arm, there] : had) {
    const std::size_t all = wanted[{arm.suite, arm.setting, arm.attack}].size();
    if (there.size() == all) continue;
    ++arms;
    cases += all - there.size();
    missing.Append(Json::MakeObject({{"arm", Name(arm)},
                                     {"cases", static_cast<std::int64_t>(there.size())},
                                     {"of", static_cast<std::int64_t>(all)}}));
    if (all - there.size() > most) {
      most = all - there.size();
      worst = fmt::format("{} has {} of {}", Name(arm), there.size(), all);
    }
  }
  run.about.Set("incomplete_arms", std::move(missing));
  if (arms > 0)
    run.Note(
        fmt::format("{} of {} cells lack cases that other arms of their suite have, {} in all; most: {}. Their rates "
                    "are over the cases that are there; pairs are over those that both sides have.",
                    arms, had.size(), cases, worst));
}

void SayWhatIsThere(const std::vector<ForeignTrial>& trials, ImportedRun& run) {
  std::uint64_t attacked = 0, benign = 0, alone = 0, errors = 0, unknown = 0, hidden_successes = 0;
  for (const ForeignTrial& trial : trials) {
    const Setting setting = trial.arm.setting;
    ++(setting == Setting::kAttacked ? attacked : setting == Setting::kAlone ? alone : benign);
    errors += trial.error.empty() ? 0 : 1;
    if (setting != Setting::kAttacked || !trial.error.empty()) continue;
    unknown += trial.exposed ? 0 : 1;
    hidden_successes += trial.success.value_or(false) && trial.exposed && !*trial.exposed ? 1 : 0;
  }
  run.Note(
      fmt::format("{} attacked, {} benign and {} injection-alone episodes, kept in cells of their own; {} of all are "
                  "errors (no verdict, or the log holds an error text) and count in no rate.",
                  attacked, benign, alone, errors));
  if (alone > 0)
    run.Note(
        "Injection-alone: the injection's task given as if a user wanted it. Task success says there whether the "
        "model can do it at all; it is neither benign utility nor attack success.");
  if (unknown > 0)
    run.Note(fmt::format(
        "{} attacked logs do not tell whether the model saw the payload: their rows say `exposed: null`, and "
        "rates among exposed leave them out. Where the attack did not succeed there, attack_resisted says "
        "no more than that.",
        unknown));
  if (hidden_successes > 0)
    run.Note(
        fmt::format("In {} successes the payload is not found in any result as it was planted (it may have been "
                    "cut or rewritten).",
                    hidden_successes));
}

Expected<std::string> ReadText(const std::string& file) {
  const auto bytes = ReadFile(file);
  // The file is what was asked for on the command line: that it cannot be read is the user's mistake.
  if (!bytes) return UserError(bytes.error().message, file);
  return Gunzip(*bytes, file);
}

/// Every log below a directory, or the file itself. Links are not followed.
Expected<std::vector<fs::path>> FindInspectLogs(const fs::path& root) {
  std::error_code failure;
  if (fs::is_regular_file(root, failure)) return std::vector<fs::path>{root};
  std::vector<fs::path> logs;
  auto walk = fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied, failure);
  if (failure) return UserError("cannot be read: " + failure.message(), root.string());
  for (const auto end = fs::recursive_directory_iterator(); walk != end && !failure; walk.increment(failure)) {
    const fs::directory_entry& entry = *walk;
    if (entry.is_symlink(failure) || walk.depth() > 12) {
      walk.disable_recursion_pending();
      continue;
    }
    if (!entry.is_regular_file(failure)) continue;
    const std::string extension = entry.path().extension().string();
    if (extension == ".eval") logs.push_back(entry.path());
    if (extension != ".json") continue;
    const auto file = MappedFile::Open(entry.path());
    if (file && LooksLikeInspect(file->bytes())) logs.push_back(entry.path());
  }
  if (logs.empty()) return UserError("holds no log of Inspect (*.eval, or *.json with `eval` in it)", root.string());
  // Directories list in any order, and numbers, rows and the source's hash follow this one.
  std::ranges::sort(logs);
  return logs;
}

}  // namespace

Expected<int> FinishFacts(const ImportRequest& request, ForeignSource& source, const std::string& sha256,
                          std::vector<ForeignTrial> trials, ImportedRun& run) {
  const Cases cases(trials);
  SayWhatIsThere(trials, run);
  SayMissingCases(trials, run);
  RewardsSeen rewards;
  for (const ForeignTrial& trial : trials) {
    if (trial.error.empty() && trial.reward && !trial.utility) rewards.Add(*trial.reward);
  }
  SayPartialRewards(request, rewards, run);
  const Grading grading = GradingOf(request, rewards);
  std::set<std::string> names;
  double seconds = 0;
  for (ForeignTrial& trial : trials) {
    seconds += trial.seconds.value_or(0);
    const std::string task = trial.arm.suite.empty() ? trial.task : trial.arm.suite + "/" + trial.task;
    Trial row = RowOf(trial, source.seed, grading);
    row.task = task;
    // Of the name, as the source holds no content; an empty one would make every comparison doubt the tasks.
    row.task_hash = ShortHash(task);
    if (!trial.injection.empty()) row.payload_hash = ShortHash(trial.arm.suite + "/" + trial.injection);
    if (row.stop == Stop::kNone) row.stop = trial.error.empty() ? Stop::kAgentStop : Stop::kError;
    names.insert(task);
    run.Add(trial.arm, std::move(row), cases.Number(trial));
    trial = ForeignTrial();  // a tree has fifty thousand; each is let go as its row is made
  }
  std::vector<ForeignTrial>().swap(trials);
  if (seconds > 0) run.about.Set("seconds", seconds);
  run.KeepNumbers();
  run.about.Set("intervals", IntervalsByWhatIsShared(run.cells(), run.rows()));
  const std::vector<std::string> tasks(names.begin(), names.end());
  Json environment = Json::MakeObject({{"name", "recorded"}, {"ids", Json::MakeArray({tasks.begin(), tasks.end()})}});
  TRY_ASSIGN(const Experiment experiment, DescribeImport(request, source, std::move(environment), tasks, sha256));
  Print(fmt::format("imported: {} of {} in {}\n", Count(std::ssize(run.rows()), "episode", "episodes"),
                    Count(std::ssize(tasks), "task", "tasks"), Count(std::ssize(run.cells()), "cell", "cells")));
  return run.Finish(experiment, request, source, sha256);
}

Expected<int> ImportInspect(const ImportRequest& request) {
  TRY_ASSIGN(const auto files, FindInspectLogs(request.file));
  ImportedRun run;
  ForeignSource source;
  source.format = "inspect";
  source.files = files.size();
  std::vector<ForeignTrial> trials;
  InspectFindings findings;
  std::string hashes;
  for (const fs::path& file : files) {
    TRY(ReadInspectLog(file, source, findings, [&](ForeignTrial&& trial) -> Status {
      // Under its place among the trials, which becomes the row's index as rows are added in this order. As text,
      // so that one dialogue at a time is held as an object.
      AppendTranscriptRecord(trials.size(), 0, trial.dialogue->ToJson().Dump(), run.transcripts);
      trial.dialogue.reset();
      trials.push_back(std::move(trial));
      return {};
    }));
    TRY_ASSIGN(const auto mapped, MappedFile::Open(file));
    hashes += files.size() == 1 ? Sha256(mapped.bytes()) : ShortHash(mapped.bytes()) + "\n";
  }
  for (std::string& note : findings.Notes()) run.Note(std::move(note));
  for (std::string& warning : findings.warnings) run.Warn(std::move(warning));
  return FinishFacts(request, source, files.size() == 1 ? hashes : Sha256(hashes), std::move(trials), run);
}

Expected<int> ImportTable(const ImportRequest& request) {
  TRY_ASSIGN(const std::string text, ReadText(request.file));
  ImportedRun run;
  ForeignSource source;
  std::vector<ForeignTrial> trials;
  TRY(ReadFacts(text, request.file, source, [&](ForeignTrial&& trial) -> Status {
    trials.push_back(std::move(trial));
    return {};
  }));
  return FinishFacts(request, source, Sha256(text), std::move(trials), run);
}

}  // namespace xsweep
