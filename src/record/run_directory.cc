// RunDirectory: one run on disk.
// SPDX-License-Identifier: Apache-2.0
#include "record/run_directory.h"

#include <fmt/format.h>

#include <algorithm>

#include "record/run_id.h"
#include "record/transcript_log.h"
#include "record/trial_log.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

bool IsRun(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path / "run.json", ignored);
}

/// The run with the newest start among an experiment's, by name: run ids sort by time.
fs::path NewestRun(const fs::path& exp_directory) {
  fs::path newest;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(exp_directory, absent)) {
    if (entry.path().filename() == "latest" || !IsRun(entry.path())) continue;
    if (newest.empty() || newest.filename() < entry.path().filename()) newest = entry.path();
  }
  return newest;
}

fs::path Latest(const fs::path& exp_directory) {
  std::error_code ignored;
  const fs::path pointer = exp_directory / "latest";
  if (fs::is_symlink(pointer, ignored)) {
    const fs::path target = exp_directory / fs::read_symlink(pointer, ignored).filename();
    if (IsRun(target)) return target;
  }
  return NewestRun(exp_directory);
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

Expected<RunDirectory> RunDirectory::Open(Disk& disk, const fs::path& path) {
  if (!IsRun(path)) return UserError("is not a run directory (it has no run.json)", path.string());
  return RunDirectory(disk, fs::weakly_canonical(path));
}

bool RunDirectory::sealed() const { return fs::exists(File("trials.jsonl")); }

Status RunDirectory::Write(std::string_view name, std::string_view bytes) const {
  return WriteAtomically(*disk_, File(name), bytes);
}

Status RunDirectory::WriteManifest(const Manifest& manifest) const {
  return Write("run.json", manifest.ToJson().DumpPretty());
}

Expected<Manifest> RunDirectory::ReadManifest() const {
  const fs::path file = File("run.json");
  TRY_ASSIGN(const std::string text, ReadFile(file, std::uint64_t{1} << 28U));
  TRY_ASSIGN(const Json json, Json::Parse(text, file.string()));
  return Manifest::FromJson(json, file.string());
}

Status RunDirectory::Seal(std::uint64_t planned) const {
  if (!sealed()) {
    TRY_ASSIGN(const auto rows, RecordedTrials::Scan(shards(), planned));
    if (rows.recorded() != planned) {
      return InternalError(
          fmt::format("{} of {} planned trials are recorded; resume the run first", rows.recorded(), planned),
          path_.string());
    }
    // Transcripts first: trials.jsonl under its final name says that everything else is there.
    TRY(SealTranscripts(*disk_, shards(), File("transcripts.jsonl.zst")));
    TRY_ASSIGN(auto out, AtomicFile::Create(*disk_, File("trials.jsonl")));
    TRY(rows.ForEachRow([&](std::uint64_t, std::string_view row) { return out.Write(row); }));
    TRY(out.Commit());
  }
  TRY(KeepExchanges());
  return RemoveTree(shards());
}

// What models answered was paid for: it moves out of shards/ before that goes.
Status RunDirectory::KeepExchanges() const {
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(shards(), absent)) {
    if (entry.path().extension() != ".exchanges" || fs::file_size(entry.path(), absent) == 0) continue;
    TRY(disk_->MakeDirectory(File("exchanges")));
    TRY(disk_->Rename(entry.path(), File("exchanges") / entry.path().filename()));
    TRY(disk_->SyncDirectory(File("exchanges")));
  }
  return {};
}

Status RunDirectory::PointLatest() const {
  const fs::path link = path_.parent_path() / "latest";
  std::error_code ignored;
  // A copy from a time without symlinks cannot be replaced by rename.
  if (fs::is_directory(fs::symlink_status(link, ignored))) TRY(RemoveTree(link));
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
  if (fs::exists(fs::symlink_status(parent / "latest"))) TRY(disk_->Rename(parent / "latest", old));
  TRY(disk_->Rename(fresh, parent / "latest"));
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
  const bool latest = run.empty() || run == "latest";
  fs::path newest;
  for (const fs::path& directory : ExperimentDirectories(results)) {
    const std::string name = directory.filename().string();
    if (!exp.empty() && name != exp) continue;
    if (!latest && (run == name || run == name + "/latest"))
      return Latest(directory).empty() ? fs::path(directory / "latest") : Latest(directory);
    if (!latest && CheckPathName(run, "run id") && IsRun(directory / run)) return directory / run;
    if (!latest) continue;
    const fs::path candidate = Latest(directory);
    if (!candidate.empty() && (newest.empty() || newest.filename() < candidate.filename())) newest = candidate;
  }
  if (!newest.empty()) return newest;
  return UserError(fmt::format("no run {}{} under {}; `xsweep list` shows what there is", latest ? "" : "`" + run + "`",
                               exp.empty() ? "" : " of experiment `" + exp + "`", results.string()));
}

std::vector<fs::path> AllRuns(const fs::path& results) {
  std::vector<fs::path> runs;
  std::error_code absent;
  for (const fs::path& directory : ExperimentDirectories(results)) {
    for (const auto& entry : fs::directory_iterator(directory, absent)) {
      if (entry.path().filename() != "latest" && IsRun(entry.path())) runs.push_back(entry.path());
    }
  }
  std::ranges::sort(runs);
  return runs;
}

}  // namespace xsweep
