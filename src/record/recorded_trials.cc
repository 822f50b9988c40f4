// RecordedTrials: which trials of a plan have a row in the shard logs, and these rows in plan order.
// SPDX-License-Identifier: Apache-2.0
#include "record/recorded_trials.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

#include "base/files.h"
#include "record/logs/layout.h"
#include "record/logs/log_row.h"
#include "record/logs/row_keys.h"
#include "record/logs/trial_log.h"
#include "record/transcripts/transcript_log.h"
#include "record/transcripts/wanted_transcripts.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kPartSize = 4096;
// What lies nearer than this is read in one go.
constexpr std::uint64_t kGap = std::uint64_t{1} << 20U;
// Parts whose stretches overlap are read again for each of them; beyond this larger parts are cheaper, though each then
// has to be held at once.
constexpr std::uint64_t kMostReadings = 3;
// 24 bytes each, so that where the rows lie takes two megabytes, however often shards were cut anew.
constexpr std::size_t kMostStretches = std::size_t{1} << 16U;

/// The attempt that a row of ours names behind its usage; quotes within strings are escaped, so the last match is it.
std::uint32_t AttemptOf(std::string_view row) {
  constexpr std::string_view kKey = row_keys::kAttempt;
  std::uint32_t attempt = 0;
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

std::uint64_t BitOf(std::uint64_t index) { return std::uint64_t{1} << (index % 64); }

}  // namespace

/// The parts that single rows were asked of last.
struct RecordedTrials::Opened {
  static constexpr std::size_t kMost = 8;
  std::mutex mutex;
  std::list<RowPart> parts;
};

RecordedTrials::RecordedTrials(std::uint64_t planned)
    : planned_(planned),
      part_size_(kPartSize),
      has_(planned / 64 + 1, 0),
      stretches_((planned + kPartSize - 1) / kPartSize),
      opened_(std::make_unique<Opened>()) {}
RecordedTrials::RecordedTrials(RecordedTrials&&) noexcept = default;
RecordedTrials& RecordedTrials::operator=(RecordedTrials&&) noexcept = default;
RecordedTrials::~RecordedTrials() = default;

Expected<RecordedTrials> RecordedTrials::Scan(const fs::path& shards, std::uint64_t planned) {
  RecordedTrials found(planned);
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(shards, absent)) {
    if (entry.path().extension() == layout::kRowLog) found.logs_.push_back(entry.path());
  }
  std::ranges::sort(found.logs_);
  WantedTranscripts wanted(planned);
  for (std::uint32_t log = 0; log < found.logs_.size(); ++log) TRY(found.ScanLog(log, wanted));
  // Before rows are asked for: parts are read as a whole, and what is put together afterwards would be read twice.
  found.FitParts();
  TRY(found.WantTranscriptsOfRepeated(wanted));
  TRY(found.ForgetRowsWithoutTranscript(shards, wanted));
  return found;
}

Status RecordedTrials::ScanLog(std::uint32_t log, WantedTranscripts& wanted) {
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
    if (Has(*index)) wanted.SetRepeated(*index);
    Note(log, offset, row.size(), *index);
    wanted.Set(*index, mark.transcript, mark.transcript ? AttemptOf(row) : 0);
    return {};
  };
  TRY_ASSIGN(const std::uint64_t whole, ForEachLine(logs_[log], visit));
  scanned_ += whole;
  TRY(NoteZeros(logs_[log], whole, damage));
  if (damage.lines > 0) losses_.push_back(damage.Words(logs_[log]));
  return {};
}

void RecordedTrials::Note(std::uint32_t log, std::uint64_t offset, std::size_t size, std::uint64_t index) {
  recorded_ += Has(index) ? 0 : 1;
  has_[index / 64] |= BitOf(index);
  std::vector<LogStretch>& stretches = stretches_[index / part_size_];
  // A shard writes nearly in plan order, so a stretch almost always grows at its end. What lies in a gap is read along:
  // a second reading costs more than a megabyte that nobody wanted.
  if (!stretches.empty() && stretches.back().log == log && offset <= stretches.back().end + kGap) {
    stretches.back().end = offset + size;
    return;
  }
  stretches.push_back({log, offset, offset + size});
  if (++stretch_count_ > kMostStretches + 4 * stretches_.size() && stretches_.size() > 1) Halve();
}

void RecordedTrials::Halve() {
  std::vector<std::vector<LogStretch>> parts((stretches_.size() + 1) / 2);
  stretch_count_ = 0;
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    std::vector<LogStretch>& part = parts[i / 2];
    part.insert(part.end(), stretches_[i].begin(), stretches_[i].end());
    if (i % 2 == 0 && i + 1 < stretches_.size()) continue;
    std::ranges::sort(part, {}, [](const LogStretch& s) { return std::pair(s.log, s.begin); });
    std::size_t kept = 0;
    for (std::size_t next = 1; next < part.size(); ++next) {
      if (part[next].log == part[kept].log && part[next].begin <= part[kept].end + kGap) {
        part[kept].end = std::max(part[kept].end, part[next].end);
      } else {
        part[++kept] = part[next];
      }
    }
    if (!part.empty()) part.resize(kept + 1);
    stretch_count_ += part.size();
  }
  stretches_ = std::move(parts);
  part_size_ *= 2;
}

std::uint64_t RecordedTrials::BytesOfParts() const {
  std::uint64_t bytes = 0;
  for (const auto& part : stretches_) {
    for (const LogStretch& stretch : part) bytes += stretch.end - stretch.begin;
  }
  return bytes;
}

void RecordedTrials::FitParts() {
  while (stretches_.size() > 1 && BytesOfParts() > kMostReadings * scanned_ + kGap) Halve();
}

Expected<RowPart> RecordedTrials::Open(std::size_t part) const {
  const std::uint64_t first = part * part_size_;
  const auto wanted = [this](std::uint64_t index) { return Has(index); };
  return RowPart::Open(logs_, stretches_[part], first, std::min(part_size_, planned_ - first), wanted);
}

Status RecordedTrials::WantTranscriptsOfRepeated(WantedTranscripts& wanted) const {
  // Of a trial with several rows only the one that counts says whether a transcript has to be there, and which one
  // counts is known when all logs were seen.
  std::optional<RowPart> part;
  for (const std::uint64_t index : wanted.Repeated()) {
    if (!part || index >= part->end()) {
      TRY_ASSIGN(RowPart opened, Open(index / part_size_));
      part = std::move(opened);
    }
    const std::string_view row = part->Row(index);
    wanted.Set(index, ReadLogRow(row).transcript, AttemptOf(row));
  }
  return {};
}

Status RecordedTrials::ForgetRowsWithoutTranscript(const fs::path& shards, WantedTranscripts& wanted) {
  if (wanted.empty()) return {};
  TRY_ASSIGN(
      const std::uint64_t damaged,
      ForEachKeptTranscript(shards, [&](std::uint64_t index, std::uint32_t attempt) { wanted.Seen(index, attempt); }));
  const std::vector<std::uint64_t> lost = wanted.Left();
  for (const std::uint64_t index : lost) Forget(index);
  const std::string harm =
      damaged > 0 ? fmt::format("{} bytes of transcripts are damaged", damaged) : std::string("transcripts are gone");
  if (lost.size() + damaged > 0) {
    losses_.push_back(fmt::format("{}: {}; {} {} lost {} and count{} as missing", shards.string(), harm, lost.size(),
                                  lost.size() == 1 ? "trial has" : "trials have",
                                  lost.size() == 1 ? "its own" : "theirs", lost.size() == 1 ? "s" : ""));
  }
  return {};
}

void RecordedTrials::Forget(std::uint64_t index) {
  has_[index / 64] &= ~BitOf(index);
  --recorded_;
}

Expected<std::string> RecordedTrials::Row(std::uint64_t index) const {
  CHECK(Has(index), "a row that is not recorded was asked for");
  const std::lock_guard lock(opened_->mutex);
  std::list<RowPart>& parts = opened_->parts;
  const auto found =
      std::ranges::find_if(parts, [&](const RowPart& p) { return index >= p.first() && index < p.end(); });
  if (found != parts.end()) {
    parts.splice(parts.begin(), parts, found);
  } else {
    TRY_ASSIGN(RowPart opened, Open(index / part_size_));
    if (parts.size() == Opened::kMost) parts.pop_back();
    parts.push_front(std::move(opened));
  }
  std::string plain;
  return std::string(WithoutMark(parts.front().Row(index), plain));
}

Status RecordedTrials::ForEachRow(const std::function<Status(std::uint64_t, std::string_view)>& visit) const {
  std::string plain;
  for (std::size_t number = 0; number < stretches_.size(); ++number) {
    if (stretches_[number].empty()) continue;
    TRY_ASSIGN(RowPart part, Open(number));
    for (std::uint64_t index = part.first(); index < part.end(); ++index) {
      const std::string_view row = part.Row(index);
      if (!row.empty()) TRY(visit(index, WithoutMark(row, plain)));
    }
  }
  return {};
}

}  // namespace xsweep
