// TrialLog: the append-only rows of a run that is going on.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/trial_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "record/logs/layout.h"

namespace xsweep {

namespace fs = std::filesystem;

TrialLog::TrialLog(std::unique_ptr<WritableFile> file, std::string name)
    : name_(std::move(name)), file_(std::move(file)), syncer_([this] { SyncEverySecond(); }) {}

Expected<std::unique_ptr<TrialLog>> TrialLog::Open(Disk& disk, const fs::path& path) {
  if (fs::exists(path)) {
    TRY_ASSIGN(const std::uint64_t whole, ForEachLine(path, [](std::uint64_t, std::string_view) { return Status(); }));
    if (whole != fs::file_size(path)) TRY(disk.Truncate(path, whole));
  }
  TRY_ASSIGN(auto file, disk.Open(path, OpenMode::kAppend));
  TRY(disk.SyncDirectory(path.parent_path()));
  return std::unique_ptr<TrialLog>(new TrialLog(std::move(file), path.stem().string()));
}

Expected<std::unique_ptr<TrialLog>> TrialLog::CreateOwn(Disk& disk, const fs::path& shards, const std::string& shard) {
  for (int process = 1;; ++process) {
    const std::string name = process == 1 ? shard : fmt::format("{}.{}", shard, process);
    const fs::path path = shards / layout::Log(name, layout::kRowLog);
    if (fs::exists(path)) continue;
    auto file = disk.Open(path, OpenMode::kCreateNew);
    if (!file && fs::exists(path)) continue;  // somebody was faster
    if (!file) return std::unexpected(file.error());
    TRY(disk.SyncDirectory(shards));
    return std::unique_ptr<TrialLog>(new TrialLog(std::move(*file), name));
  }
}

TrialLog::~TrialLog() { (void)Close(); }

Status TrialLog::Append(std::string_view rows) {
  const std::lock_guard lock(mutex_);
  if (!failure_) return failure_;
  dirty_ = true;
  failure_ = file_->Write(rows);
  return failure_;
}

void TrialLog::SyncFirst(std::function<Status()> first) {
  const std::lock_guard lock(mutex_);
  sync_first_ = std::move(first);
}

// Rows that are appended between the two syncs may be on disk a second before what they rest on.
Status TrialLog::SyncFiles() {
  if (sync_first_) TRY(sync_first_());
  return file_->Sync();
}

Status TrialLog::Sync() {
  const std::lock_guard lock(mutex_);
  if (failure_ && dirty_) {
    failure_ = SyncFiles();
    dirty_ = false;
  }
  return failure_;
}

Status TrialLog::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (syncer_.joinable()) syncer_.join();
  return Sync();
}

void TrialLog::SyncEverySecond() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    wake_.wait_for(lock, std::chrono::milliseconds(900));
    if (!dirty_ || !failure_) continue;
    dirty_ = false;
    // Appending goes on while the disk works; a row appended meanwhile sets dirty_ again.
    lock.unlock();
    const Status synced = SyncFiles();
    lock.lock();
    if (!synced) failure_ = synced;
  }
}

Expected<std::uint64_t> ForEachLine(const fs::path& path,
                                    const std::function<Status(std::uint64_t, std::string_view)>& visit,
                                    std::uint64_t from) {
  TRY_ASSIGN(const int descriptor, OpenRegular(path));
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } closer{descriptor};
  std::string buffer;
  std::uint64_t start = from;  // file offset of buffer[0]
  constexpr std::size_t kLargestRead = std::size_t{1} << 20U;
  std::size_t next_read = std::size_t{32} << 10U;  // small at first: most of a thousand shards' logs are
  if (from > 0 && ::lseek(descriptor, static_cast<off_t>(from), SEEK_SET) < 0)
    return WorldError(std::string("cannot read: ") + std::strerror(errno), path.string());
  for (;;) {
    const std::size_t have = buffer.size();
    buffer.resize(have + next_read);
    next_read = std::min(next_read * 2, kLargestRead);
    const ssize_t got = ::read(descriptor, buffer.data() + have, buffer.size() - have);
    if (got < 0 && errno == EINTR) {
      buffer.resize(have);
      continue;
    }
    if (got < 0) return WorldError(std::string("cannot read: ") + std::strerror(errno), path.string());
    buffer.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return start;
    std::size_t line = 0;
    for (std::size_t end = 0; (end = buffer.find('\n', line)) != std::string::npos; line = end + 1) {
      TRY(visit(start + line, std::string_view(buffer).substr(line, end + 1 - line)));
    }
    start += line;
    buffer.erase(0, line);
  }
}

}  // namespace xsweep
