// RowPart: the rows of one part of a plan, found again in the shard logs.
// SPDX-License-Identifier: Apache-2.0
#include "record/row_part.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "record/logs/log_row.h"
#include "record/logs/trial.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
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

// Reading is quicker than mapping, which costs a fault for every few pages.
Expected<std::string> ReadStretch(const fs::path& log, const LogStretch& stretch) {
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

std::string_view LineOf(std::string_view rest) { return rest.substr(0, rest.find('\n') + 1); }

}  // namespace

std::string_view RowPart::Source::From(std::uint64_t offset) const {
  return file ? file->bytes().substr(begin + offset) : std::string_view(text).substr(offset);
}

Expected<RowPart::Source> RowPart::Source::Open(const fs::path& log, const LogStretch& stretch, bool map) {
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

Expected<RowPart> RowPart::Open(const std::vector<fs::path>& logs, const std::vector<LogStretch>& stretches,
                                std::uint64_t first, std::uint64_t size,
                                const std::function<bool(std::uint64_t)>& wanted) {
  RowPart part(first, size);
  std::uint64_t bytes = 0;
  for (const LogStretch& stretch : stretches) bytes += stretch.end - stretch.begin;
  part.sources_.reserve(stretches.size());
  for (const LogStretch& stretch : stretches) {
    TRY_ASSIGN(Source source, Source::Open(logs[stretch.log], stretch, bytes > kWindow));
    part.sources_.push_back(std::move(source));
    TRY(part.FindRows(wanted, stretch.end - stretch.begin));
  }
  return part;
}

std::string_view RowPart::Row(std::uint64_t index) {
  const LogPlace place = places_[index - first_];
  if (place.nowhere()) return {};
  const std::string_view row = RowAt(place);
  Used(row.size());
  return row;
}

Status RowPart::FindRows(const std::function<bool(std::uint64_t)>& wanted, std::uint64_t size) {
  const std::uint64_t number = sources_.size() - 1;
  for (std::uint64_t offset = 0; offset < size;) {
    const std::string_view row = LineOf(sources_.back().From(offset));
    const auto index = RowIndex(row);
    // Whole, as when the logs were scanned: a damaged line may name any trial.
    if (index && *index >= first_ && *index < end() && wanted(*index) && ReadLogRow(row).whole)
      TRY(Note(*index, {number, offset}, row));
    offset += row.size();
    Used(row.size());
  }
  return {};
}

Status RowPart::Note(std::uint64_t index, LogPlace place, std::string_view row) {
  LogPlace& known = places_[index - first_];
  if (!known.nowhere()) {
    TRY_ASSIGN(const bool better, Outranks(row, RowAt(known)));
    if (!better) return {};
  }
  known = place;
  return {};
}

std::string_view RowPart::RowAt(LogPlace place) const { return LineOf(sources_[place.log()].From(place.offset())); }

void RowPart::Used(std::size_t size) {
  used_ += size;
  if (used_ < kWindow) return;
  used_ = 0;
  for (const Source& source : sources_) {
    if (source.file) source.file->Forget();
  }
}

}  // namespace xsweep
