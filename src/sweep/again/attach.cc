// xsweep attach: goes on watching a run on Slurm, and submits again what is missing after failures.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/attach.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "base/system/terminal.h"
#include "plan/plan.h"
#include "record/logs/layout.h"
#include "record/recorded_trials.h"
#include "sweep/again/merge.h"
#include "sweep/finish.h"
#include "words/exit_code.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// Counts rows as they arrive; looks only at what is new.
class RowCounter {
 public:
  explicit RowCounter(fs::path shards) : shards_(std::move(shards)) {}

  std::uint64_t Count() {
    std::error_code absent;
    for (const auto& entry : fs::directory_iterator(shards_, absent)) {
      if (entry.path().extension() == layout::kRowLog) TakeNew(entry.path(), logs_[entry.path().filename().string()]);
    }
    std::uint64_t rows = 0;
    for (const auto& [name, log] : logs_) rows += log.rows;
    return rows;
  }

 private:
  struct Log {
    std::uint64_t offset = 0;
    std::uint64_t rows = 0;
  };
  static void TakeNew(const fs::path& path, Log& log) {
    const auto visit = [&](std::uint64_t, std::string_view) {
      ++log.rows;
      return Status();
    };
    // A log that cannot be read now is counted later: this is only what people watch.
    if (const auto whole = ForEachLine(path, visit, log.offset)) log.offset = *whole;
  }
  fs::path shards_;
  std::map<std::string, Log> logs_;
};

/// One line that is drawn over on a terminal, and otherwise said again only when something has changed for a while.
class Watch {
 public:
  ~Watch() {
    if (drawn_) PrintNote("");
  }
  void Show(const std::string& line) {
    if (StderrIsTerminal()) {
      std::fprintf(stderr, "\r\033[K%s", line.c_str());
      drawn_ = true;
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (line == last_ || (!last_.empty() && now - said_ < std::chrono::seconds(10))) return;
    PrintNote(line);
    last_ = line;
    said_ = now;
  }

 private:
  bool drawn_ = false;
  std::string last_;
  std::chrono::steady_clock::time_point said_;
};

bool Finished(const RunDirectory& run) {
  const auto manifest = run.ReadManifest();
  return run.sealed() && manifest && Finished(*manifest);
}

/// As the run's own plan has them; all that they follow from stands in run.json.
Dialogues DialoguesOf(const Manifest& manifest) {
  std::vector<std::string> kinds;
  for (const CellRecord& cell : manifest.cells)
    kinds.push_back(cell.dialogues_of.empty() ? cell.id : cell.dialogues_of);
  return Dialogues(kinds, manifest.planned / std::max<std::size_t>(1, kinds.size()));
}

bool HasAll(const RecordedTrials& rows, const Dialogues& dialogues, std::uint64_t dialogue) {
  return std::ranges::all_of(dialogues.Cells(dialogue),
                             [&](std::uint32_t cell) { return rows.Has(dialogues.TrialIn(cell, dialogue)); });
}

std::vector<std::uint32_t> ShardsWithGaps(const RecordedTrials& rows, const Dialogues& dialogues, std::uint32_t count) {
  std::vector<std::uint32_t> shards;
  for (std::uint32_t shard = 0; shard < count; ++shard) {
    auto [dialogue, end] = ShardRange(dialogues.size(), shard, count);
    while (dialogue < end && HasAll(rows, dialogues, dialogue)) ++dialogue;
    if (dialogue < end) shards.push_back(shard);
  }
  return shards;
}

void Pause(const std::atomic<bool>& stop) {
  for (int i = 0; i < 10 && !stop; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

/// Watches one run; one owner of what was submitted.
class Attached {
 public:
  Attached(const RunDirectory& run, SlurmJobs jobs, const Manifest& manifest, const std::atomic<bool>& stop)
      : run_(run),
        jobs_(std::move(jobs)),
        planned_(manifest.planned),
        dialogues_(DialoguesOf(manifest)),
        stop_(stop),
        counter_(run.shards()) {}

  Expected<int> Follow() {
    for (; !stop_; Pause(stop_)) {
      // Slurm first: what it has forgotten has written everything that it will write.
      TRY_ASSIGN(const SlurmQueue queue, AskSlurm(jobs_));
      if (Finished(run_)) return MergeRun(run_);
      watch_.Show(fmt::format("{} of {} trials recorded; Slurm: {} running, {} waiting", counter_.Count(), planned_,
                              queue.running, queue.waiting));
      if (queue.total() > 0) continue;
      TRY_ASSIGN(const auto rows, RecordedTrials::Scan(run_.shards(), planned_));
      if (rows.recorded() == planned_ || run_.sealed()) return MergeRun(run_);
      TRY(SubmitAgain(rows));
    }
    PrintNote(fmt::format("the jobs go on; `xsweep attach {0}` watches them, `xsweep attach {0} --cancel` ends them",
                          run_.path().string()));
    return kExitInterrupted;
  }

 private:
  Status SubmitAgain(const RecordedTrials& rows) {
    constexpr int kPatience = 3;
    const auto shards = ShardsWithGaps(rows, dialogues_, jobs_.options.shards);
    fruitless_ = rows.recorded() > recorded_before_ || !seen_ ? 0 : fruitless_ + 1;
    seen_ = true;
    recorded_before_ = rows.recorded();
    if (fruitless_ >= kPatience) {
      return WorldError(fmt::format("shards {} were submitted {} times and brought no row; read slurm/{}_*.out in it",
                                    SlurmArraySpec(shards), kPatience, jobs_.array_ids.back()),
                        run_.path().string());
    }
    TRY(SubmitToSlurm(run_.disk(), run_.path(), shards, jobs_));
    PrintNote(fmt::format("{} of {} trials are missing: submitted shards {} again as job {}",
                          planned_ - rows.recorded(), planned_, SlurmArraySpec(shards), jobs_.array_ids.back()));
    return {};
  }

  const RunDirectory& run_;
  SlurmJobs jobs_;
  const std::uint64_t planned_;
  const Dialogues dialogues_;
  const std::atomic<bool>& stop_;
  RowCounter counter_;
  Watch watch_;
  bool seen_ = false;
  std::uint64_t recorded_before_ = 0;
  int fruitless_ = 0;
};

}  // namespace

Status StartOnSlurm(const RunDirectory& run, SlurmOptions options) {
  std::error_code ignored;
  SlurmJobs jobs;
  jobs.options = std::move(options);
  jobs.program = fs::read_symlink("/proc/self/exe", ignored).string();
  std::vector<std::uint32_t> shards(jobs.options.shards);
  for (std::uint32_t i = 0; i < shards.size(); ++i) shards[i] = i;
  TRY_ASSIGN(const RunDirectory absolute, RunDirectory::Open(run.disk(), fs::absolute(run.path())));
  TRY(SubmitToSlurm(run.disk(), absolute.path(), shards, jobs));
  Print(fmt::format("{}\nsubmitted job {} ({} shards) and merge job {}\n", run.path().string(), jobs.array_ids.back(),
                    shards.size(), jobs.merge_id));
  return {};
}

Expected<int> CancelSlurm(const RunDirectory& run, const std::atomic<bool>& stop) {
  TRY_ASSIGN(const SlurmJobs jobs, ReadSlurmJobs(run.path()));
  if (Finished(run)) return UserError("is finished; there is nothing to cancel", run.path().string());
  TRY(CancelInSlurm(jobs));
  for (; !stop; Pause(stop)) {
    TRY_ASSIGN(const SlurmQueue queue, AskSlurm(jobs));
    if (queue.total() == 0) break;
  }
  if (!run.sealed()) {
    TRY_ASSIGN(Manifest manifest, run.ReadManifest());
    TRY(WriteStatus(run, manifest, RunStatus::kInterrupted));
  }
  Print(fmt::format("cancelled; finished trials are kept, go on with: xsweep run --resume {}\n", run.path().string()));
  return kExitDone;
}

Expected<int> WatchSlurm(const RunDirectory& run, const std::atomic<bool>& stop) {
  TRY_ASSIGN(SlurmJobs jobs, ReadSlurmJobs(run.path()));
  TRY_ASSIGN(const Manifest manifest, run.ReadManifest());
  return Attached(run, std::move(jobs), manifest, stop).Follow();
}

}  // namespace xsweep
