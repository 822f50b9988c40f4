// WaitingRejudge: runs that judge another's dialogues and wait for their batches.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/waiting_rejudge.h"

#include <chrono>
#include <filesystem>
#include <vector>

#include "models/batches/batch_notes.h"
#include "record/logs/layout.h"

namespace xsweep {

Expected<std::optional<StartedRun>> FindWaiting(const NewRun& where, const Manifest& wanted,
                                                const std::string& old_run) {
  std::optional<StartedRun> found;
  for (const std::filesystem::path& path : AllRuns(where.outdir)) {
    if (where.run_id && path.filename() != *where.run_id) continue;
    const Json head = BatchNotes::HeadOf(path / layout::kBatches);
    if (!head.is_object() || head.StringOr("dialogues_of", "") != old_run) continue;
    TRY_ASSIGN(auto run, RunDirectory::Open(RealDisk(), path));
    TRY_ASSIGN(Manifest manifest, run.ReadManifest());
    if (Finished(manifest) || manifest.exp != wanted.exp || manifest.config_hash != wanted.config_hash) continue;
    if (found && found->manifest.timestamp_utc > manifest.timestamp_utc) continue;
    found.emplace(StartedRun{std::move(run), std::move(manifest)});
  }
  return found;
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
