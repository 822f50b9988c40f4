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
#include "record/logs/trial.h"
#include "record/logs/trial_log.h"
#include "record/transcripts/transcript_log.h"
#include "record/transcripts/wanted_transcripts.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr unsigned kOffsetBits = 44;  // 16 TiB a log, a million logs
constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;
constexpr std::uint64_t kNowhere = ~std::uint64_t{0};
constexpr std::uint64_t kPartSize = 4096;
// What lies nearer than this is read in one go.
constexpr std::uint64_t kGap = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMostReadings = 3;
constexpr std::size_t kMostStretches = std::size_t{1} << 16U;
constexpr std::uint64_t kWindow = std::uint64_t{16} << 20U;  // bytes of logs in memory

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
std::uint32_t AttemptOf(std::string_view row) {
  constexpr std::string_view kKey = ",\"attempt\":";
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

/// The rows of one part of the plan. What holds them is in memory, or mapped where that is much.
class RecordedTrials::Part {
 public:
  /// Finds the rows of [first, first + size).
  static Expected<Part> Open(const RecordedTrials& trials, std::uint64_t first, std::uint64_t size,
                             const std::vector<Stretch>& stretches) {
    Part part(first, size);
    std::uint64_t bytes = 0;
    for (const Stretch& stretch : stretches) bytes += stretch.end - stretch.begin;
    part.sources_.reserve(stretches.size());
    for (const Stretch& stretch : stretches) {
      TRY_ASSIGN(Source source, Source::Open(trials.logs_[stretch.log], stretch, bytes > kWindow));
      part.sources_.push_back(std::move(source));
      TRY(part.FindRows(trials, stretch.end - stretch.begin));
    }
    return part;
  }
  std::uint64_t first() const { return first_; }
  std::uint64_t end() const { return first_ + places_.size(); }
  /// With its newline and mark, empty where there is none; valid until the next call.
  std::string_view Row(std::uint64_t index) {
    const std::uint64_t place = places_[index - first_];
    if (place == kNowhere) return {};
    const std::string_view row = RowAt(place);
    Used(row.size());
    return row;
  }

 private:
  struct Source {
    std::string text;
    std::optional<MappedFile> file;  ///< in place of `text`
    std::uint64_t begin = 0;         ///< of the stretch in the file

    std::string_view From(std::uint64_t offset) const {
      return file ? file->bytes().substr(begin + offset) : std::string_view(text).substr(offset);
    }
    static Expected<Source> Open(const fs::path& log, const Stretch& stretch, bool map) {
      Source source;
      source.begin = stretch.begin;
      if (map) {
        TRY_ASSIGN(source.file, MappedFile::Open(log));
      } else {
        TRY_ASSIGN(source.text, ReadStretch(log, stretch));
      }
      const std::uint64_t there = source.file ? source.file->bytes().size() : stretch.begin + source.text.size();
      if (there < stretch.end) return InternalError("a row has vanished from the log", log.string());
      return source;
    }
  };

  Part(std::uint64_t first, std::uint64_t size) : first_(first), places_(size, kNowhere) {}

  // Reading is quicker than mapping, which costs a fault for every few pages.
  static Expected<std::string> ReadStretch(const fs::path& log, const Stretch& stretch) {
    TRY_ASSIGN(const int descriptor, OpenRegular(log));
    const std::size_t size = stretch.end - stretch.begin;
    std::string text;
    int code = 0;
    text.resize_and_overwrite(size, [&](char* data, std::size_t) {
      std::size_t have = 0;
      while (have < size) {
        const ssize_t got =
            TEMP_FAILURE_RETRY(::pread(descriptor, data + have, size - have, static_cast<off_t>(stretch.begin + have)));
        if (got < 0) code = errno;
        if (got <= 0) break;
        have += static_cast<std::size_t>(got);
      }
      return have;
    });
    ::close(descriptor);
    if (code != 0) return WorldError(std::string("cannot read: ") + std::strerror(code), log.string());
    return text;
  }

  /// In the last source.
  Status FindRows(const RecordedTrials& trials, std::uint64_t size) {
    const std::uint64_t number = sources_.size() - 1;
    for (std::uint64_t offset = 0; offset < size;) {
      const std::string_view row = LineOf(sources_.back().From(offset));
      const auto index = RowIndex(row);
      // Whole, as when the logs were scanned: a damaged line may name any trial.
      if (index && *index >= first_ && *index < end() && trials.Has(*index) && ReadLogRow(row).whole)
        TRY(Note(*index, number << kOffsetBits | offset, row));
      offset += row.size();
      Used(row.size());
    }
    return {};
  }
  Status Note(std::uint64_t index, std::uint64_t place, std::string_view row) {
    std::uint64_t& known = places_[index - first_];
    if (known != kNowhere) {
      TRY_ASSIGN(const bool better, Outranks(row, RowAt(known)));
      if (!better) return {};
    }
    known = place;
    return {};
  }
  static std::string_view LineOf(std::string_view rest) { return rest.substr(0, rest.find('\n') + 1); }
  std::string_view RowAt(std::uint64_t place) const {
    return LineOf(sources_[place >> kOffsetBits].From(place & kOffsetMask));
  }
  void Used(std::size_t size) {
    used_ += size;
    if (used_ < kWindow) return;
    used_ = 0;
    for (const Source& source : sources_) {
      if (source.file) source.file->Forget();
    }
  }

  std::uint64_t first_;
  std::vector<std::uint64_t> places_;  ///< source << 44 | offset in its stretch
  std::vector<Source> sources_;
  std::uint64_t used_ = 0;
};

/// The parts that single rows were asked of last.
struct RecordedTrials::Opened {
  static constexpr std::size_t kMost = 8;
  std::mutex mutex;
  std::list<Part> parts;
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
  std::vector<Stretch>& stretches = stretches_[index / part_size_];
  if (!stretches.empty() && stretches.back().log == log && offset <= stretches.back().end + kGap) {
    stretches.back().end = offset + size;
    return;
  }
  stretches.push_back({log, offset, offset + size});
  if (++stretch_count_ > kMostStretches + 4 * stretches_.size() && stretches_.size() > 1) Halve();
}

void RecordedTrials::Halve() {
  std::vector<std::vector<Stretch>> parts((stretches_.size() + 1) / 2);
  stretch_count_ = 0;
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    std::vector<Stretch>& part = parts[i / 2];
    part.insert(part.end(), stretches_[i].begin(), stretches_[i].end());
    if (i % 2 == 0 && i + 1 < stretches_.size()) continue;
    std::ranges::sort(part, {}, [](const Stretch& s) { return std::pair(s.log, s.begin); });
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
    for (const Stretch& stretch : part) bytes += stretch.end - stretch.begin;
  }
  return bytes;
}

void RecordedTrials::FitParts() {
  while (stretches_.size() > 1 && BytesOfParts() > kMostReadings * scanned_ + kGap) Halve();
}

Expected<RecordedTrials::Part> RecordedTrials::Open(std::size_t part) const {
  const std::uint64_t first = part * part_size_;
  return Part::Open(*this, first, std::min(part_size_, planned_ - first), stretches_[part]);
}

Status RecordedTrials::WantTranscriptsOfRepeated(WantedTranscripts& wanted) const {
  std::optional<Part> part;
  for (const std::uint64_t index : wanted.Repeated()) {
    if (!part || index >= part->end()) {
      TRY_ASSIGN(Part opened, Open(index / part_size_));
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
  if (lost.size() + damaged > 0) {
    losses_.push_back(
        fmt::format("{}: {} bytes of transcripts are damaged; {} trials have lost theirs and count as missing",
                    shards.string(), damaged, lost.size()));
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
  std::list<Part>& parts = opened_->parts;
  const auto found = std::ranges::find_if(parts, [&](const Part& p) { return index >= p.first() && index < p.end(); });
  if (found != parts.end()) {
    parts.splice(parts.begin(), parts, found);
  } else {
    TRY_ASSIGN(Part opened, Open(index / part_size_));
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
    TRY_ASSIGN(Part part, Open(number));
    for (std::uint64_t index = part.first(); index < part.end(); ++index) {
      const std::string_view row = part.Row(index);
      if (!row.empty()) TRY(visit(index, WithoutMark(row, plain)));
    }
  }
  return {};
}

}  // namespace xsweep
