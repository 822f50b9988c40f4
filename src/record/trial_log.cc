// TrialLog: the append-only rows of a run, and their sealing in plan order.
// SPDX-License-Identifier: Apache-2.0
#include "record/trial_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <list>

#include "record/layout.h"
#include "record/transcript_log.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr unsigned kOffsetBits = 44;  // 16 TiB a log, a million logs
constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;
constexpr std::size_t kWindow = std::size_t{1} << 18U;

/// Reads rows at any offset of many files through a few windows: rows are nearly in order, files are not kept open.
class RowReader {
 public:
  explicit RowReader(const std::vector<fs::path>& logs) : logs_(logs) {}

  /// The row with its newline; valid until the next call.
  Expected<std::string_view> At(std::uint32_t log, std::uint64_t offset) {
    const auto found = std::ranges::find_if(windows_, [&](const Window& w) {
      return w.log == log && offset >= w.start && offset < w.start + w.bytes.size() &&
             w.bytes.find('\n', offset - w.start) != std::string::npos;
    });
    if (found != windows_.end()) {
      windows_.splice(windows_.begin(), windows_, found);
    } else {
      TRY(Load(log, offset));
    }
    const Window& window = windows_.front();
    const std::string_view rest = std::string_view(window.bytes).substr(offset - window.start);
    return rest.substr(0, rest.find('\n') + 1);
  }

 private:
  struct Window {
    std::uint32_t log = 0;
    std::uint64_t start = 0;
    std::string bytes;
  };
  static constexpr std::size_t kWindows = 8;

  Status Load(std::uint32_t log, std::uint64_t offset) {
    Window window{log, offset, {}};
    if (windows_.size() == kWindows) {
      window.bytes = std::move(windows_.back().bytes);
      windows_.pop_back();
    }
    for (std::size_t size = kWindow;; size *= 4) {
      TRY(ReadAt(logs_[log], offset, size, window.bytes));
      if (window.bytes.find('\n') != std::string::npos) break;
      if (window.bytes.size() < size) return InternalError("a row has vanished from the log", logs_[log].string());
    }
    windows_.push_front(std::move(window));
    return {};
  }

  static Status ReadAt(const fs::path& path, std::uint64_t offset, std::size_t size, std::string& out) {
    TRY_ASSIGN(const int descriptor, OpenRegular(path));
    out.resize(size);
    std::size_t have = 0;
    ssize_t got = 1;
    while (have < size && got != 0) {
      got = ::pread(descriptor, out.data() + have, size - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno != EINTR) break;
      if (got > 0) have += static_cast<std::size_t>(got);
    }
    const int code = errno;
    ::close(descriptor);
    if (got < 0) return WorldError(std::string("cannot read: ") + std::strerror(code), path.string());
    out.resize(have);
    return {};
  }

  const std::vector<fs::path>& logs_;
  std::list<Window> windows_;
};

/// Whether row `a` counts before row `b` of the same trial.
Expected<bool> Outranks(std::string_view a, std::string_view b) {
  TRY_ASSIGN(const Trial first, ParseTrialRow(a, "shard log"));
  TRY_ASSIGN(const Trial second, ParseTrialRow(b, "shard log"));
  if (first.attempt != second.attempt) return first.attempt > second.attempt;
  const auto failed = [](const Trial& t) { return t.outcome == Outcome::kError || t.outcome == Outcome::kSkipped; };
  if (failed(first) != failed(second)) return failed(second);
  return a < b;
}

/// The attempt that a row of ours names behind its usage; quotes within strings are escaped, so the last match is it.
unsigned AttemptOf(std::string_view row) {
  constexpr std::string_view kKey = ",\"attempt\":";
  unsigned attempt = 0;
  const std::size_t at = row.rfind(kKey);
  if (at != std::string_view::npos) {
    std::from_chars(row.data() + at + kKey.size(), row.data() + row.size(), attempt);
  }
  return attempt;
}

/// Lines of one log that are no whole rows.
struct Damage {
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first = 0;

  void Note(std::uint64_t offset, std::size_t size) {
    if (lines++ == 0) first = offset;
    bytes += size;
  }
  std::string Words(const fs::path& log) const {
    return fmt::format(
        "{}: {} line{}, {} bytes from byte {} on, are damaged or no rows; the trials in them count as missing",
        log.string(), lines, lines == 1 ? "" : "s", bytes, first);
  }
};

/// A kill tears the last row and needs no word; zeros in it are of a loss of power, which may have cost many.
Status NoteZeros(const fs::path& log, std::uint64_t from, Damage& damage) {
  TRY_ASSIGN(const int descriptor, OpenRegular(log));
  char tail[4096];
  const off_t end = ::lseek(descriptor, 0, SEEK_END);
  const off_t start = std::max(static_cast<off_t>(from), end - static_cast<off_t>(sizeof tail));
  const ssize_t got = TEMP_FAILURE_RETRY(::pread(descriptor, tail, sizeof tail, start));
  ::close(descriptor);
  if (got > 0 && std::memchr(tail, 0, static_cast<std::size_t>(got)) != nullptr)
    damage.Note(from, static_cast<std::size_t>(end) - from);
  return {};
}

}  // namespace

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

Expected<RecordedTrials> RecordedTrials::Scan(const fs::path& shards, std::uint64_t planned) {
  RecordedTrials found;
  found.locations_.assign(planned, kMissing);
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(shards, absent)) {
    if (entry.path().extension() == layout::kRowLog) found.logs_.push_back(entry.path());
  }
  std::ranges::sort(found.logs_);
  for (std::uint32_t log = 0; log < found.logs_.size(); ++log) TRY(found.ScanLog(log));
  TRY(found.ForgetRowsWithoutTranscript(shards));
  return found;
}

Status RecordedTrials::ScanLog(std::uint32_t log) {
  Damage damage;
  const auto visit = [&](std::uint64_t offset, std::string_view row) -> Status {
    const auto index = RowIndex(row);
    const LogRow mark = ReadLogRow(row);
    if (!index || !mark.whole) {
      damage.Note(offset, row.size());
      return {};
    }
    if (*index >= planned()) {
      return UserError(
          fmt::format("row {} is beyond the {} trials planned; this log belongs to another run", *index, planned()),
          logs_[log].string());
    }
    return Note((std::uint64_t{log} << kOffsetBits) | offset, *index, row);
  };
  TRY_ASSIGN(const std::uint64_t whole, ForEachLine(logs_[log], visit));
  TRY(NoteZeros(logs_[log], whole, damage));
  if (damage.lines > 0) losses_.push_back(damage.Words(logs_[log]));
  return {};
}

void RecordedTrials::Want(std::uint64_t index, std::string_view row) {
  const LogRow mark = ReadLogRow(row);
  if (!mark.transcript && wanted_.empty()) return;
  if (wanted_.empty()) wanted_.assign(planned(), 0);
  wanted_[index] = mark.transcript ? static_cast<std::uint8_t>(std::min(254U, AttemptOf(row)) + 1) : 0;
}

Status RecordedTrials::ForgetRowsWithoutTranscript(const fs::path& shards) {
  if (wanted_.empty()) return {};
  TRY_ASSIGN(const std::uint64_t damaged,
             ForEachKeptTranscript(shards, [&](std::uint64_t index, std::uint32_t attempt) {
               if (index < planned() && wanted_[index] == std::min(254U, attempt) + 1) wanted_[index] = 0;
             }));
  std::uint64_t lost = 0;
  for (std::uint64_t index = 0; index < planned(); ++index) {
    if (wanted_[index] == 0) continue;
    locations_[index] = kMissing;
    --recorded_;
    ++lost;
  }
  if (lost + damaged > 0) {
    losses_.push_back(
        fmt::format("{}: {} bytes of transcripts are damaged; {} trials have lost theirs and count as missing",
                    shards.string(), damaged, lost));
  }
  wanted_ = {};
  return {};
}

Status RecordedTrials::Note(std::uint64_t location, std::uint64_t index, std::string_view row) {
  if (!Has(index)) {
    locations_[index] = location;
    ++recorded_;
    Want(index, row);
    return {};
  }
  TRY_ASSIGN(const std::string known, RowAt(locations_[index]));
  TRY_ASSIGN(const bool better, Outranks(row, known));
  if (!better) return {};
  locations_[index] = location;
  Want(index, row);
  return {};
}

Expected<std::string> RecordedTrials::RowAt(std::uint64_t location) const {
  RowReader reader(logs_);
  TRY_ASSIGN(const std::string_view row,
             reader.At(static_cast<std::uint32_t>(location >> kOffsetBits), location & kOffsetMask));
  return std::string(row);
}

Expected<std::string> RecordedTrials::Row(std::uint64_t index) const {
  CHECK(Has(index), "a row that is not recorded was asked for");
  TRY_ASSIGN(const std::string marked, RowAt(locations_[index]));
  std::string plain;
  return std::string(WithoutMark(marked, plain));
}

Status RecordedTrials::ForEachRow(const std::function<Status(std::uint64_t, std::string_view)>& visit) const {
  RowReader reader(logs_);
  std::string plain;
  for (std::uint64_t index = 0; index < planned(); ++index) {
    const std::uint64_t location = locations_[index];
    if (location == kMissing) continue;
    TRY_ASSIGN(const std::string_view row,
               reader.At(static_cast<std::uint32_t>(location >> kOffsetBits), location & kOffsetMask));
    TRY(visit(index, WithoutMark(row, plain)));
  }
  return {};
}

}  // namespace xsweep
