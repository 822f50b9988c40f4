// RunDirectory: one run on disk.
// SPDX-License-Identifier: Apache-2.0
#include "record/run_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "record/logs/layout.h"
#include "record/logs/line_log.h"
#include "record/logs/trial_log.h"
#include "record/recorded_trials.h"
#include "record/run_id.h"
#include "record/transcripts/seal_transcripts.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// Names that start with a dot are of runs being made or of a pointer being replaced.
bool IsRunName(const fs::path& path) {
  const std::string name = path.filename().string();
  return name != layout::kLatest && !name.starts_with('.');
}

bool IsRun(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path / layout::kManifest, ignored);
}

constexpr std::string_view kStagedEnd = ".new";
constexpr std::string_view kCopyMark = ".copy_of_the_latest_run";

/// Directories of runs that never came to be, because the process that made them was killed.
void RemoveStaged(const fs::path& parent) {
  std::error_code code;
  std::vector<fs::path> gone;
  for (fs::directory_iterator entry(parent, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') || !name.ends_with(kStagedEnd)) continue;
    const std::string_view stem = std::string_view(name).substr(0, name.size() - kStagedEnd.size());
    if (OwnerIsGone(stem.substr(std::min(stem.size(), stem.rfind('.') + 1)))) gone.push_back(entry->path());
  }
  for (const fs::path& path : gone) (void)RemoveTree(path);
}

/// A directory called latest that this program did not make holds somebody's only copy.
bool IsOurs(const fs::path& latest) {
  std::error_code ignored;
  return !fs::is_directory(fs::symlink_status(latest, ignored)) || fs::exists(latest / kCopyMark, ignored);
}

/// The run with the newest start among an experiment's, by name: run ids sort by time.
fs::path NewestRun(const fs::path& exp_directory) {
  fs::path newest;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(exp_directory, absent)) {
    if (!IsRunName(entry.path()) || !IsRun(entry.path())) continue;
    if (newest.empty() || newest.filename() < entry.path().filename()) newest = entry.path();
  }
  return newest;
}

fs::path Latest(const fs::path& exp_directory) {
  std::error_code ignored;
  const fs::path pointer = exp_directory / layout::kLatest;
  if (fs::is_symlink(pointer, ignored)) {
    const fs::path target = exp_directory / fs::read_symlink(pointer, ignored).filename();
    if (IsRun(target)) return target;
  }
  return NewestRun(exp_directory);
}

/// The end of its name that makes a file a log of exchanges; empty of other files.
std::string_view EndOfExchangeLog(std::string_view name) {
  for (const std::string_view end : {layout::kExchangeLog, layout::kPlainExchangeLog}) {
    if (name.ends_with(end)) return end;
  }
  return {};
}

std::vector<fs::path> ExchangeLogs(const fs::path& folder) {
  std::vector<fs::path> logs;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(folder, absent)) {
    if (!EndOfExchangeLog(entry.path().filename().string()).empty()) logs.push_back(entry.path());
  }
  std::ranges::sort(logs);
  return logs;
}

std::vector<fs::path> ExperimentDirectories(const fs::path& results) {
  std::vector<fs::path> found;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(results, absent)) {
    if (entry.is_directory(absent)) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

Expected<RunDirectory> RunDirectory::Create(Disk& disk, const fs::path& results, const std::string& exp,
                                            const std::string& run_id, bool exact) {
  TRY(CheckPathName(exp, "exp"));
  TRY(CheckPathName(run_id, "run id"));
  TRY(MakeDirectories(disk, results / exp));
  for (int copy = 1; copy < 10000; ++copy) {
    const std::string name = copy == 1 ? run_id : fmt::format("{}.{}", run_id, copy);
    TRY_ASSIGN(const bool created, disk.MakeDirectory(results / exp / name));
    if (created) {
      TRY(disk.SyncDirectory(results / exp));
      return RunDirectory(disk, results / exp / name);
    }
    if (exact) {
      return UserError(
          fmt::format("the run `{}` is there already; resume it with --resume or choose another --run-id", name),
          (results / exp / name).string());
    }
  }
  return WorldError("ten thousand runs of one second are there already", (results / exp / run_id).string());
}

Expected<std::optional<RunDirectory>> RunDirectory::Start(Disk& disk, const fs::path& results,
                                                          const std::string& run_id, bool exact,
                                                          std::string_view config_yaml, Manifest& manifest) {
  TRY(CheckPathName(manifest.exp, "exp"));
  TRY(CheckPathName(run_id, "run id"));
  const fs::path parent = results / manifest.exp;
  TRY(MakeDirectories(disk, parent));
  RemoveStaged(parent);
  const RunDirectory staged(disk, parent / fmt::format(".{}.{}{}", run_id, OwnerMark(), kStagedEnd));
  TRY(disk.MakeDirectory(staged.path()));
  const auto made = staged.MoveIntoPlace(run_id, exact, config_yaml, manifest);
  if (!made || !*made) TRY(RemoveTree(staged.path()));
  return made;
}

Expected<std::optional<RunDirectory>> RunDirectory::MoveIntoPlace(const std::string& run_id, bool exact,
                                                                  std::string_view config_yaml,
                                                                  Manifest& manifest) const {
  TRY(Write(layout::kConfig, config_yaml));
  const fs::path parent = path_.parent_path();
  for (int copy = 1; copy < 10000; ++copy) {
    manifest.run_id = copy == 1 ? run_id : fmt::format("{}.{}", run_id, copy);
    const fs::path target = parent / manifest.run_id;
    if (!fs::exists(target)) {
      TRY(WriteManifest(manifest));
      const Status renamed = disk_->Rename(path_, target);
      if (renamed) {
        TRY(disk_->SyncDirectory(parent));
        return RunDirectory(*disk_, target);
      }
      // A directory that is not empty is never replaced: somebody was faster.
      if (!fs::exists(target)) return std::unexpected(renamed.error());
    }
    if (exact) return std::nullopt;
  }
  return WorldError("ten thousand runs of one second are there already", (parent / run_id).string());
}

Expected<RunDirectory> RunDirectory::Open(Disk& disk, const fs::path& path) {
  if (!IsRun(path)) return UserError("is not a run directory (it has no run.json)", path.string());
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(path, ignored);
  return RunDirectory(disk, real.empty() ? path : real);
}

bool RunDirectory::sealed() const {
  std::error_code ignored;
  return fs::exists(File(layout::kRows), ignored);
}

bool RunDirectory::LatestIsForeign() const { return !IsOurs(path_.parent_path() / layout::kLatest); }

Status RunDirectory::Write(std::string_view name, std::string_view bytes) const {
  return WriteAtomically(*disk_, File(name), bytes);
}

Status RunDirectory::WriteManifest(const Manifest& manifest) const {
  return Write(layout::kManifest, manifest.ToJson().DumpPretty());
}

Expected<Manifest> RunDirectory::ReadManifest() const {
  const fs::path file = File(layout::kManifest);
  TRY_ASSIGN(const std::string text, ReadOwnFile(file, std::uint64_t{1} << 28U));
  TRY_ASSIGN(const Json json, Json::Parse(text, file.string()));
  return Manifest::FromJson(json, file.string());
}

Status RunDirectory::Seal(std::uint64_t planned) const {
  if (sealed()) return RemoveShards();
  TRY_ASSIGN(const auto rows, RecordedTrials::Scan(shards(), planned));
  return Seal(rows);
}

Status RunDirectory::Seal(const RecordedTrials& rows) const {
  if (sealed()) return RemoveShards();
  if (rows.recorded() != rows.planned()) {
    return InternalError(
        fmt::format("{} of {} planned trials are recorded; resume the run first", rows.recorded(), rows.planned()),
        path_.string());
  }
  // Transcripts first: trials.jsonl under its final name says that everything else is there.
  TRY(SealTranscripts(*disk_, shards(), File(layout::kTranscripts)));
  TRY_ASSIGN(auto out, AtomicFile::Create(*disk_, File(layout::kRows)));
  TRY(rows.ForEachRow([&](std::uint64_t, std::string_view row) { return out.Write(row); }));
  TRY(out.Commit());
  RemoveLeftovers(path_);
  return RemoveShards();
}

Status RunDirectory::RemoveShards() const {
  if (!fs::exists(shards())) return {};
  TRY_ASSIGN(const FileLock lock, LockSealing());
  if (!sealed()) return {};
  TRY(KeepExchanges());
  return RemoveTree(shards());
}

Expected<FileLock> RunDirectory::LockSealing() const { return FileLock::Acquire(path_.parent_path() / ".lock"); }

Status RunDirectory::Unseal(const LedgerLine& spent) const {
  TRY_ASSIGN(const FileLock lock, LockSealing());
  if (!sealed()) return {};  // somebody was faster
  TRY(KeepExchanges());      // what a killed Seal left
  TRY(RemoveTree(shards()));
  TRY(disk_->MakeDirectory(shards()));
  if (const fs::path kept = File(layout::kTranscripts); fs::exists(kept)) {
    TRY(UnsealTranscripts(*disk_, kept, shards() / "sealed.transcripts"));
  }
  TRY_ASSIGN(const auto ledger, Ledger::Create(*disk_, shards() / layout::kCarriedLedger));
  TRY(ledger->Append(spent));
  TRY(ledger->Sync());
  TRY(disk_->SyncDirectory(shards()));
  TRY(disk_->Rename(File(layout::kRows), shards() / layout::kReopenedRows));
  TRY(disk_->SyncDirectory(shards()));
  return disk_->SyncDirectory(path_);
}

Status RunDirectory::PointLatestUnlessNewer(const Manifest& manifest) const {
  const fs::path other = Latest(path_.parent_path());
  std::error_code ignored;
  if (fs::exists(path_.parent_path() / layout::kLatest, ignored) && !other.empty() &&
      other.filename() != path_.filename()) {
    const auto newer = RunDirectory(*disk_, other).ReadManifest();
    if (newer && newer->timestamp_utc > manifest.timestamp_utc) return {};
  }
  return PointLatest();
}

std::vector<fs::path> RunDirectory::exchanges() const {
  std::vector<fs::path> logs = ExchangeLogs(File(layout::kExchanges));
  for (fs::path& open : ExchangeLogs(shards())) logs.push_back(std::move(open));
  return logs;
}

// What models answered was paid for: it moves out of shards/ before that goes, and never over what is there already.
Status RunDirectory::KeepExchanges() const {
  for (const fs::path& log : ExchangeLogs(shards())) {
    std::error_code absent;
    if (fs::file_size(log, absent) == 0) continue;
    TRY(FinishLineLog(*disk_, log));
    TRY(disk_->MakeDirectory(File(layout::kExchanges)));
    const std::string name = log.filename().string();
    const std::size_t end = EndOfExchangeLog(name).size();
    fs::path target = File(layout::kExchanges) / name;
    for (int sealing = 2; fs::exists(target); ++sealing) {
      target.replace_filename(
          fmt::format("{}.s{}{}", name.substr(0, name.size() - end), sealing, name.substr(name.size() - end)));
    }
    TRY(disk_->Rename(log, target));
    TRY(disk_->SyncDirectory(File(layout::kExchanges)));
  }
  return {};
}

Status RunDirectory::PointLatest() const {
  const fs::path link = path_.parent_path() / layout::kLatest;
  std::error_code ignored;
  if (LatestIsForeign()) return {};
  // A copy from a time without symlinks cannot be replaced by rename.
  if (fs::is_directory(fs::symlink_status(link, ignored))) TRY(RemoveTree(link));
  RemoveLeftovers(path_.parent_path());  // a pointer that a killed process had made and not yet put in place
  if (ReplaceSymlink(*disk_, path_.filename(), link)) return {};
  return CopyToLatest();
}

Status RunDirectory::CopyToLatest() const {
  const fs::path parent = path_.parent_path();
  const fs::path fresh = parent / ".latest.new";
  const fs::path old = parent / ".latest.old";
  TRY(RemoveTree(fresh));
  TRY(RemoveTree(old));
  std::error_code code;
  fs::copy(path_, fresh, fs::copy_options::recursive, code);
  if (code) return WorldError("cannot copy the run to latest: " + code.message(), fresh.string());
  TRY(WriteAtomically(*disk_, fresh / kCopyMark, "made by xsweep; replaced by the next run\n"));
  if (fs::exists(fs::symlink_status(parent / layout::kLatest))) TRY(disk_->Rename(parent / layout::kLatest, old));
  TRY(disk_->Rename(fresh, parent / layout::kLatest));
  return RemoveTree(old);
}

Expected<fs::path> FindRun(const fs::path& results, const std::string& exp, const std::string& run) {
  if (!run.empty() && IsRun(run)) {
    // A path to the pointer is answered with the run itself, so that every message names it.
    std::error_code ignored;
    const fs::path real = fs::canonical(run, ignored);
    return real.empty() ? fs::path(run) : real;
  }
  if (!exp.empty()) TRY(CheckPathName(exp, "exp"));
  const bool latest = run.empty() || run == layout::kLatest;
  fs::path newest;
  for (const fs::path& directory : ExperimentDirectories(results)) {
    const std::string name = directory.filename().string();
    if (!exp.empty() && name != exp) continue;
    if (!latest && (run == name || run == name + "/latest"))
      return Latest(directory).empty() ? fs::path(directory / layout::kLatest) : Latest(directory);
    if (!latest && CheckPathName(run, "run id") && IsRun(directory / run)) return directory / run;
    if (!latest) continue;
    const fs::path candidate = Latest(directory);
    if (!candidate.empty() && (newest.empty() || newest.filename() < candidate.filename())) newest = candidate;
  }
  if (!newest.empty()) return newest;
  return UserError(fmt::format("no run{}{} under {}; `xsweep list` shows what there is", latest ? "" : " `" + run + "`",
                               exp.empty() ? "" : " of experiment `" + exp + "`", results.string()));
}

std::vector<fs::path> AllRuns(const fs::path& results) {
  std::vector<fs::path> runs;
  std::error_code absent;
  for (const fs::path& directory : ExperimentDirectories(results)) {
    for (const auto& entry : fs::directory_iterator(directory, absent)) {
      if (IsRunName(entry.path()) && IsRun(entry.path())) runs.push_back(entry.path());
    }
  }
  std::ranges::sort(runs);
  return runs;
}

}  // namespace xsweep
