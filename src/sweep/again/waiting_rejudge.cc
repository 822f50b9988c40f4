// WaitingRejudge: runs that judge another's dialogues and are not through.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/waiting_rejudge.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <vector>

#include "models/batches/batch_notes.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

/// `dialogues_of` names who held them; whose rows are judged, which may be a judging again itself, the description
/// says.
bool JudgesTheSame(const Manifest& run, const Manifest& wanted) {
  return run.dialogues_of == wanted.dialogues_of && run.config_hash == wanted.config_hash &&
         run.description.starts_with(wanted.description);
}

}  // namespace

std::optional<StartedRun> FindWaiting(const NewRun& where, const Manifest& wanted) {
  std::optional<StartedRun> found;
  for (const std::filesystem::path& path : AllRuns(where.outdir)) {
    if (where.run_id && path.filename() != *where.run_id) continue;
    if (path.parent_path().filename() != wanted.exp) continue;
    auto run = RunDirectory::Open(RealDisk(), path);
    auto manifest = run ? run->ReadManifest() : std::unexpected(run.error());
    // One that cannot be read is nobody's to go on with; that must not keep others from being judged.
    if (!manifest || Finished(*manifest) || !JudgesTheSame(*manifest, wanted)) continue;
    if (found && found->manifest.timestamp_utc > manifest->timestamp_utc) continue;
    found.emplace(StartedRun{*std::move(run), *std::move(manifest)});
  }
  return found;
}

bool HasSingleAnswers(const RunDirectory& run) {
  if (HasBatches(run)) return false;
  std::error_code ignored;
  return std::ranges::any_of(run.exchanges(), [&](const std::filesystem::path& log) {
    const std::uintmax_t size = std::filesystem::file_size(log, ignored);
    return !ignored && size > 0;
  });
}

Expected<FileLock> HoldBatches(const RunDirectory& run) {
  const std::filesystem::path folder = run.File(layout::kBatches);
  TRY(run.disk().MakeDirectory(folder));
  auto lock = FileLock::Acquire(folder / layout::kBatchLock, std::chrono::milliseconds(500));
  if (!lock) return UserError("another process waits for the batches of this run", run.path().string());
  return lock;
}

bool HasBatches(const RunDirectory& run) {
  const std::filesystem::path folder = run.File(layout::kBatches);
  std::error_code ignored;
  if (!std::filesystem::exists(folder / layout::kBatchNotes, ignored)) return false;
  const auto text = ReadOwnFile(folder / layout::kBatchNotes);
  return !text || text->contains("\"posting\"");
}

Status ForgetBatches(const RunDirectory& run) {
  const std::filesystem::path folder = run.File(layout::kBatches);
  std::error_code ignored;
  std::vector<std::filesystem::path> gone;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename() != layout::kBatchNotes) gone.push_back(entry.path());
  }
  for (const std::filesystem::path& path : gone) TRY(run.disk().Remove(path));
  return {};
}

}  // namespace xsweep
