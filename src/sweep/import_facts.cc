// ImportFacts: episodes that others have judged already as a run.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/import_facts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "analyze/numbers.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/terminal.h"
#include "base/text.h"
#include "foreign/agentdojo.h"
#include "foreign/inspect.h"
#include "foreign/table.h"
#include "foreign/zip.h"
#include "record/transcript_log.h"
#include "sweep/import_intervals.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// Injections of one suite, in their order: a case has the same trial number in every arm.
class Cases {
 public:
  explicit Cases(const std::vector<ForeignTrial>& trials) {
    for (const ForeignTrial& trial : trials) {
      epochs_ = std::max(epochs_, trial.trial + 1);
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

/// What all sources share from here on: rows, notes, the run.
Expected<int> FinishFacts(const ImportRequest& request, ForeignSource& source, const std::string& sha256,
                          std::vector<ForeignTrial> trials, ImportedRun& run) {
  const Cases cases(trials);
  SayWhatIsThere(trials, run);
  SayMissingCases(trials, run);
  std::set<std::string> names;
  double seconds = 0;
  for (ForeignTrial& trial : trials) {
    seconds += trial.seconds.value_or(0);
    const std::string task = trial.arm.suite.empty() ? trial.task : trial.arm.suite + "/" + trial.task;
    Trial row = RowOf(trial, source.seed, {request.success_at, false});
    row.task = task;
    row.task_hash = ShortHash(task);
    if (!trial.injection.empty()) row.payload_hash = ShortHash(trial.arm.suite + "/" + trial.injection);
    if (row.stop.empty()) row.stop = trial.error.empty() ? "agent_stop" : "error";
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

/// A place for what is written before the run has a directory; gone when this goes.
class Scratch {
 public:
  static Expected<Scratch> Make(const std::string& outdir) {
    TRY(MakeDirectories(RealDisk(), outdir));
    fs::path path = fs::path(outdir) / fmt::format(".importing-{}", ::getpid());
    TRY(RemoveTree(path));
    TRY_ASSIGN(const bool made, RealDisk().MakeDirectory(path));
    CHECK(made, "a directory that was removed is there");
    return Scratch(std::move(path));
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    if (!path_.empty()) (void)RemoveTree(path_);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit Scratch(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

/// What one log became.
struct ReadLog {
  ForeignTrial trial;
  bool is_log = false;
  std::string hash;
};

/// A log that is cut off: its path says what it would have been.
ForeignTrial FromPath(const fs::path& path, const std::string& why) {
  ForeignTrial trial;
  const std::string injection = path.stem().string();
  const std::string attack = path.parent_path().filename().string();
  trial.task = path.parent_path().parent_path().filename().string();
  trial.arm.suite = path.parent_path().parent_path().parent_path().filename().string();
  if (injection != "none") {
    trial.injection = injection;
    trial.arm.attack = attack;
    trial.arm.setting = Setting::kAttacked;
  } else if (trial.task.starts_with("injection_task")) {
    trial.arm.setting = Setting::kAlone;
  }
  trial.error = "the log cannot be read: " + why;
  return trial;
}

/// Reads the logs on a few threads. Transcripts go to a log for each thread; their index is the file's place.
class LogReaders {
 public:
  LogReaders(const AgentDojoTree& tree, const fs::path& scratch)
      : tree_(tree), scratch_(scratch), logs_(tree.files.size()) {}

  Status Run() {
    const unsigned count = std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < count; ++i) transcripts_.push_back(scratch_ / fmt::format("{}.transcripts", i));
    for (unsigned i = 0; i < count; ++i) threads.emplace_back([this, i] { Note(Work(i)); });
    for (std::thread& thread : threads) thread.join();
    return failure_;
  }
  std::deque<ReadLog>& logs() { return logs_; }
  const std::vector<fs::path>& transcripts() const { return transcripts_; }
  const std::string& first_stranger() const { return first_stranger_; }

 private:
  Status Work(unsigned number) {
    TRY_ASSIGN(const auto kept, TranscriptLog::Open(RealDisk(), transcripts_[number]));
    constexpr std::size_t kBlock = 32, kFlush = std::size_t{1} << 21U;
    std::string records;
    while (true) {
      const std::size_t begin = next_.fetch_add(kBlock);
      if (begin >= logs_.size() || stop_) break;
      for (std::size_t i = begin; i < std::min(begin + kBlock, logs_.size()); ++i) TRY(ReadOne(i, records));
      if (records.size() < kFlush) continue;
      TRY(kept->Append(records));
      records.clear();
    }
    TRY(kept->Append(records));
    return kept->Sync();
  }
  Status ReadOne(std::size_t place, std::string& records) {
    const fs::path& path = tree_.files[place].path;
    const auto text = ReadFile(path, std::uint64_t{1} << 30U);
    ReadLog& log = logs_[place];
    if (!text) {
      log.is_log = !tree_.files[place].pipeline.empty();
      log.trial = FromPath(path, text.error().message);
      return {};
    }
    log.hash = ShortHash(*text);
    auto trial = ReadAgentDojoLog(*text, path.string(), true);
    log.is_log = trial.has_value() || (!tree_.files[place].pipeline.empty() && !LooksWhole(*text));
    if (!trial) {
      if (!log.is_log) Stranger(path);
      log.trial = FromPath(path, trial.error().message);
      return {};
    }
    log.trial = std::move(*trial);
    if (log.trial.dialogue) {
      thread_local std::string json;
      json.clear();
      log.trial.dialogue->AppendTo(json);
      constexpr std::size_t kLargestKept = std::size_t{60} << 20U;
      if (json.size() < kLargestKept) AppendTranscriptRecord(place, 0, json, records);
      log.trial.dialogue.reset();
    }
    log.trial.place.clear();
    return {};
  }
  /// An object that ends as one is something else's file; one that does not was cut off while it was written.
  static bool LooksWhole(std::string_view text) {
    const auto last = text.find_last_not_of(" \t\r\n");
    return last != std::string_view::npos && (text[last] == '}' || text[last] == ']');
  }
  void Stranger(const fs::path& path) {
    const std::lock_guard lock(mutex_);
    if (first_stranger_.empty()) first_stranger_ = path.string();
  }
  void Note(const Status& result) {
    if (result) return;
    const std::lock_guard lock(mutex_);
    stop_ = true;
    if (failure_) failure_ = result;
  }

  const AgentDojoTree& tree_;
  const fs::path& scratch_;
  std::deque<ReadLog> logs_;  ///< let go one by one at the end
  std::vector<fs::path> transcripts_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  Status failure_;
  std::string first_stranger_;
};

/// Model and defense of every log, and a note of what was taken for what.
Status NameArms(const AgentDojoTree& tree, const ImportRequest& request, std::deque<ReadLog>& logs, ImportedRun& run) {
  ArmReader arms;
  if (!request.arms.empty()) TRY(arms.ReadMap(request.arms));
  const auto directory = [&](std::size_t i) -> const std::string& {
    return tree.files[i].pipeline.empty() ? logs[i].trial.arm.model : tree.files[i].pipeline;
  };
  for (std::size_t i = 0; i < logs.size(); ++i) {
    if (logs[i].is_log && !logs[i].trial.arm.model.empty()) arms.Add(directory(i), logs[i].trial.arm.model);
  }
  std::map<std::string, ArmNames> named;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    if (!logs[i].is_log) continue;
    const std::string& from = directory(i);
    auto found = named.find(from);
    if (found == named.end()) found = named.emplace(from, arms.Name(from)).first;
    logs[i].trial.arm.model = found->second.model;
    logs[i].trial.arm.defense = found->second.defense;
  }
  Json list = Json::MakeArray();
  for (const auto& [from, arm] : named)
    list.Append(Json::MakeObject({{"directory", from}, {"model", arm.model}, {"defense", arm.defense}}));
  run.about.Set("arms", std::move(list));
  std::size_t undefended = 0;
  std::string example;
  for (const auto& [from, arm] : named) {
    undefended += arm.defense == "none" ? 1 : 0;
    if (arm.defense != "none" && example.empty())
      example = fmt::format("{} is {} with {}", from, arm.model, arm.defense);
  }
  run.Note(
      fmt::format("{} pipelines, {} without a defense; model and defense were read from the directories and the "
                  "pipelines' names{} (the whole list is in run.json; --arms FILE corrects it).",
                  named.size(), undefended, example.empty() ? "" : ", e.g. " + example));
  return {};
}

Expected<std::string> ReadText(const std::string& file) {
  const auto bytes = ReadFile(file);
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
  std::ranges::sort(logs);
  return logs;
}

}  // namespace

Expected<int> ImportAgentDojo(const ImportRequest& request) {
  TRY_ASSIGN(AgentDojoTree tree, FindAgentDojoLogs(request.file));
  if (tree.files.empty()) return UserError("holds no .json file", request.file);
  TRY_ASSIGN(const Scratch scratch, Scratch::Make(request.outdir));
  std::optional<LogReaders> readers(std::in_place, tree, scratch.path());
  TRY(readers->Run());
  const auto strangers = static_cast<std::uint64_t>(std::ranges::count(readers->logs(), false, &ReadLog::is_log));
  const std::string first_stranger = readers->first_stranger();
  if (strangers == tree.files.size())
    return UserError(fmt::format("none of its {} .json files is a log of AgentDojo (first: {})", strangers,
                                 Printable(first_stranger, 200)),
                     request.file);
  if (strangers > 0) {
    // A dialogue is kept under its row's number, so those that get no row are left out from the start.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < tree.files.size(); ++i) {
      if (readers->logs()[i].is_log) std::swap(tree.files[kept++], tree.files[i]);
    }
    tree.files.resize(kept);
    for (const fs::path& log : readers->transcripts()) TRY(RealDisk().Remove(log));
    readers.emplace(tree, scratch.path());
    TRY(readers->Run());
  }
  std::deque<ReadLog>& logs = readers->logs();
  ImportedRun run;
  TRY(NameArms(tree, request, logs, run));
  if (strangers > 0) {
    run.Note(fmt::format("{} .json {} no log of AgentDojo and {} passed over (first: {}).", strangers,
                         strangers == 1 ? "file is" : "files are", strangers == 1 ? "was" : "were",
                         fs::path(first_stranger).filename().string()));
  }
  if (tree.links > 0) run.Note(fmt::format("{} symbolic links were not followed.", tree.links));
  if (tree.deep > 0) run.Note(fmt::format("{} directories lie too deep to be logs and were not read.", tree.deep));
  ForeignSource source;
  source.format = "agentdojo";
  source.files = logs.size();
  std::string hashes;
  std::vector<ForeignTrial> trials;
  trials.reserve(logs.size());
  for (const AgentDojoTree::File& file : tree.files) {
    hashes += file.path.parent_path().parent_path().filename().string() + "/" + file.path.filename().string() + " " +
              logs.front().hash + "\n";
    trials.push_back(std::move(logs.front().trial));
    logs.pop_front();
  }
  tree.files = {};
  run.transcript_logs = readers->transcripts();
  readers.reset();
  return FinishFacts(request, source, Sha256(hashes), std::move(trials), run);
}

Expected<int> ImportInspect(const ImportRequest& request) {
  TRY_ASSIGN(const auto files, FindInspectLogs(request.file));
  ImportedRun run;
  ForeignSource source;
  source.format = "inspect";
  source.files = files.size();
  std::vector<ForeignTrial> trials;
  std::vector<std::string> notes;
  std::string hashes;
  for (const fs::path& file : files) {
    TRY(ReadInspectLog(file, source, notes, [&](ForeignTrial&& trial) -> Status {
      AppendTranscriptRecord(trials.size(), 0, trial.dialogue->ToJson().Dump(), run.transcripts);
      trial.dialogue.reset();
      trials.push_back(std::move(trial));
      return {};
    }));
    TRY_ASSIGN(const auto mapped, MappedFile::Open(file));
    hashes += files.size() == 1 ? Sha256(mapped.bytes()) : ShortHash(mapped.bytes()) + "\n";
  }
  for (std::string& note : notes) run.Note(std::move(note));
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
