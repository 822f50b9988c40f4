// ImportFacts, a tree of AgentDojo's logs: read on a few threads, arms named by directory.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/files.h"
#include "base/hash.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "foreign/agentdojo.h"
#include "foreign/agentdojo_tree.h"
#include "foreign/zip.h"
#include "record/logs/layout.h"
#include "record/transcripts/sealed_parts.h"
#include "sweep/foreign/finish_facts.h"
#include "sweep/foreign/import_facts.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

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
  } else if (trial.task.starts_with(kAlonePrefix)) {
    trial.arm.setting = Setting::kAlone;
  }
  trial.error = "the log cannot be read: " + why;
  return trial;
}

/// Reads the logs on a few threads, and packs their dialogues at once: a dialogue's index is its file's place.
class LogReaders {
 public:
  LogReaders(const AgentDojoTree& tree, const fs::path& scratch)
      : tree_(tree),
        logs_(tree.files.size()),
        threads_(std::clamp(std::thread::hardware_concurrency(), 1U, 8U)),
        dialogues_(RealDisk(), scratch, threads_, (logs_.size() + kBlock - 1) / kBlock) {}

  Status Run() {
    std::vector<std::thread> threads;
    threads.reserve(threads_);
    for (unsigned i = 0; i < threads_; ++i) threads.emplace_back([this, i] { Note(Work(i)); });
    for (std::thread& thread : threads) thread.join();
    return failure_;
  }
  std::deque<ReadLog>& logs() { return logs_; }
  SealedParts& dialogues() { return dialogues_; }
  const std::string& first_stranger() const { return first_stranger_; }

 private:
  Status Work(unsigned number) {
    SealedParts::Writer dialogues(dialogues_, number);
    while (!stop_) {
      const std::size_t block = next_++;
      const std::size_t begin = block * kBlock;
      if (begin >= logs_.size()) break;
      for (std::size_t i = begin; i < std::min(begin + kBlock, logs_.size()); ++i) TRY(ReadOne(i, dialogues));
      TRY(dialogues.End(block));
    }
    return {};
  }
  Status ReadOne(std::size_t place, SealedParts::Writer& dialogues) {
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
      if (json.size() < kLargestKept) TRY(dialogues.Add(place, json));
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

  // By blocks, so that threads seldom meet; what is read goes to the place of its file, so that their order is no
  // matter. About a frame's worth of dialogues.
  static constexpr std::size_t kBlock = 64;

  const AgentDojoTree& tree_;
  std::deque<ReadLog> logs_;  ///< let go one by one at the end
  const unsigned threads_;
  SealedParts dialogues_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  Status failure_;
  std::string first_stranger_;
};

/// Which directory was taken for which model and defense.
void SayArms(const std::map<std::string, ArmNames>& named, ImportedRun& run) {
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
}

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
  SayArms(named, run);
  return {};
}

/// Files of the tree that are no logs.
struct Strangers {
  std::uint64_t count = 0;
  std::string first;
};

/// Leaves them out of the tree and reads the rest again: a dialogue is kept under its row's number, so those that get
/// no row have to be left out from the start.
Status ReadAgainWithout(AgentDojoTree& tree, const Scratch& scratch, std::optional<LogReaders>& readers) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < tree.files.size(); ++i) {
    if (readers->logs()[i].is_log) std::swap(tree.files[kept++], tree.files[i]);
  }
  tree.files.resize(kept);
  readers.reset();
  TRY(RemoveTree(scratch.path()));
  TRY(RealDisk().MakeDirectory(scratch.path()));
  readers.emplace(tree, scratch.path());
  return readers->Run();
}

void SayWhatWasPassedOver(const AgentDojoTree& tree, const Strangers& strangers, ImportedRun& run) {
  if (strangers.count > 0) {
    run.Note(fmt::format("{} .json {} no log of AgentDojo and {} passed over (first: {}).", strangers.count,
                         strangers.count == 1 ? "file is" : "files are", strangers.count == 1 ? "was" : "were",
                         fs::path(strangers.first).filename().string()));
  }
  if (tree.links > 0) run.Note(fmt::format("{} symbolic links were not followed.", tree.links));
  if (tree.deep > 0) run.Note(fmt::format("{} directories lie too deep to be logs and were not read.", tree.deep));
}

/// Empties `logs`, one by one, so that no log is held twice. `hashes` gets a line for each.
std::vector<ForeignTrial> TakeTrials(const AgentDojoTree& tree, std::deque<ReadLog>& logs, std::string& hashes) {
  std::vector<ForeignTrial> trials;
  trials.reserve(logs.size());
  for (const AgentDojoTree::File& file : tree.files) {
    hashes += file.path.parent_path().parent_path().filename().string() + "/" + file.path.filename().string() + " " +
              logs.front().hash + "\n";
    trials.push_back(std::move(logs.front().trial));
    logs.pop_front();
  }
  return trials;
}

}  // namespace

Expected<int> ImportAgentDojo(const ImportRequest& request) {
  TRY_ASSIGN(AgentDojoTree tree, FindAgentDojoLogs(request.file));
  if (tree.files.empty()) return UserError("holds no .json file", request.file);
  TRY_ASSIGN(const Scratch scratch, Scratch::Make(request.outdir));
  std::optional<LogReaders> readers(std::in_place, tree, scratch.path());
  TRY(readers->Run());
  const Strangers strangers{static_cast<std::uint64_t>(std::ranges::count(readers->logs(), false, &ReadLog::is_log)),
                            readers->first_stranger()};
  if (strangers.count == tree.files.size())
    return UserError(fmt::format("none of its {} .json files is a log of AgentDojo (first: {})", strangers.count,
                                 Printable(strangers.first, 200)),
                     request.file);
  if (strangers.count > 0) TRY(ReadAgainWithout(tree, scratch, readers));
  ImportedRun run;
  TRY(NameArms(tree, request, readers->logs(), run));
  SayWhatWasPassedOver(tree, strangers, run);
  ForeignSource source;
  source.format = "agentdojo";
  source.files = readers->logs().size();
  std::string hashes;
  std::vector<ForeignTrial> trials = TakeTrials(tree, readers->logs(), hashes);
  tree.files = {};
  run.sealed_transcripts = scratch.path() / layout::kTranscripts;
  TRY(readers->dialogues().Join(run.sealed_transcripts));
  readers.reset();
  return FinishFacts(request, source, Sha256(hashes), std::move(trials), run);
}

}  // namespace xsweep
