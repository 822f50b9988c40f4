// Reads trial rows through one window per thread, each row by the fast scanner first.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/trial_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/files.h"
#include "base/json.h"
#include "record/logs/row_keys.h"

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 11> kRowKeys = {
    row_keys::Outer(row_keys::kIndex),  row_keys::Outer(row_keys::kCell),    row_keys::Outer(row_keys::kTask),
    row_keys::Outer(row_keys::kSeed),   row_keys::Outer(row_keys::kTrial),   row_keys::Outer(row_keys::kOutcome),
    row_keys::Outer(row_keys::kAttack), row_keys::Outer(row_keys::kTurns),   row_keys::Outer(row_keys::kToolCalls),
    row_keys::Outer(row_keys::kUsage),  row_keys::Outer(row_keys::kTaskHash)};
constexpr std::size_t kLongestRow = std::size_t{64} << 20U;

/// One window over a file: [at, at + held) lie in memory, followed by zeros.
class Window {
 public:
  static Expected<Window> Open(const std::string& path, std::uint64_t offset, std::size_t bytes) {
    TRY_ASSIGN(const int descriptor, OpenRegular(path));
    return Window(path, descriptor, offset, std::max<std::size_t>(bytes, 4096));
  }
  Window(Window&& other) noexcept
      : path_(std::move(other.path_)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        read_to_(other.read_to_),
        buffer_(std::move(other.buffer_)),
        capacity_(other.capacity_),
        held_(other.held_) {}
  Window& operator=(Window&&) = delete;
  ~Window() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  const char* begin() const { return buffer_.get(); }
  const char* end() const { return buffer_.get() + held_; }
  /// File offset of `begin()`.
  std::uint64_t offset() const { return read_to_ - held_; }
  bool full() const { return held_ == capacity_; }
  std::size_t capacity() const { return capacity_; }

  /// Lets go of what lies before `keep_from` and reads on; false at the end of the file.
  Expected<bool> Advance(const char* keep_from) {
    const auto kept = static_cast<std::size_t>(end() - keep_from);
    std::memmove(buffer_.get(), keep_from, kept);
    held_ = kept;
    return Fill();
  }
  Expected<bool> Grow() {
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2 + kScanPadding);
    std::memcpy(larger.get(), buffer_.get(), held_);
    buffer_ = std::move(larger);
    capacity_ *= 2;
    return Fill();
  }

 private:
  Window(std::string path, int descriptor, std::uint64_t offset, std::size_t bytes)
      : path_(std::move(path)),
        descriptor_(descriptor),
        read_to_(offset),
        buffer_(std::make_unique_for_overwrite<char[]>(bytes + kScanPadding)),
        capacity_(bytes) {
    std::memset(buffer_.get(), 0, kScanPadding);
  }
  Expected<bool> Fill() {
    ssize_t got = 0;
    do {
      got = ::pread(descriptor_, buffer_.get() + held_, capacity_ - held_, static_cast<off_t>(read_to_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return WorldError(fmt::format("cannot be read: {}", std::strerror(errno)), path_);
    held_ += static_cast<std::size_t>(got);
    read_to_ += static_cast<std::uint64_t>(got);
    std::memset(buffer_.get() + held_, 0, kScanPadding);
    return got > 0;
  }

  std::string path_;
  int descriptor_;
  std::uint64_t read_to_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t held_ = 0;
};

const char* FindNewline(const char* begin, const char* end) {
  return static_cast<const char*>(std::memchr(begin, '\n', static_cast<std::size_t>(end - begin)));
}

bool LacksKeys(const Json& row) {
  return std::ranges::any_of(kRowKeys, [&](std::string_view key) { return row.Find(key) == nullptr; });
}

/// Turns the lines of one range into rows.
class RangeReader {
 public:
  RangeReader(RowRange range, const ReadOptions& options,
              const std::function<void(const TrialRow&, std::int64_t)>& visit)
      : range_(range), options_(options), visit_(visit) {}

  Expected<RangeReport> Read(const std::string& path) {
    // A row begins after a newline: from one byte before the range, the first line ends where the first row begins.
    const std::uint64_t from = range_.begin == 0 ? 0 : range_.begin - 1;
    TRY_ASSIGN(Window window, Window::Open(path, from, options_.window_bytes));
    bool skipping = range_.begin > 0;
    TRY_ASSIGN(bool more, window.Advance(window.end()));
    while (more) {
      const char* at = window.begin();
      if (skipping) {
        const char* newline = FindNewline(at, window.end());
        at = newline == nullptr ? window.end() : newline + 1;
        skipping = newline == nullptr;
      }
      if (!skipping) at = ReadLines(window, at);
      if (done_) return std::move(report_);
      if (at == window.begin() && window.full()) {
        if (window.capacity() > kLongestRow) return UserError("has a line of more than 64 MB", path);
        TRY_ASSIGN(more, window.Grow());
      } else {
        TRY_ASSIGN(more, window.Advance(at));
      }
    }
    if (!skipping && window.begin() != window.end() && window.offset() < range_.end) {
      report_.findings.Note(RowProblem::kTornLine, ++report_.lines);
    }
    return std::move(report_);
  }

 private:
  /// Reads whole lines from `at`; returns where the first unfinished one begins.
  const char* ReadLines(const Window& window, const char* at) {
    const auto held = static_cast<std::uint64_t>(window.end() - window.begin());
    const std::uint64_t left = range_.end > window.offset() ? range_.end - window.offset() : 0;
    const char* const stop = window.begin() + std::min(held, left);
    TrialRow row;
    while (at < stop) {
      const char* next = options_.general_path_only ? nullptr : ScanTrialRow(at, row);
      if (next != nullptr) {
        visit_(row, ++report_.lines);
      } else {
        const char* newline = FindNewline(at, window.end());
        if (newline == nullptr) return at;
        ReadOddLine(std::string_view(at, static_cast<std::size_t>(newline - at)));
        next = newline + 1;
      }
      at = next;
    }
    done_ = window.offset() + static_cast<std::uint64_t>(at - window.begin()) >= range_.end;
    return at;
  }

  void ReadOddLine(std::string_view line) {
    ++report_.lines;
    const auto row = ParseAnyTrialRow(line, storage_);
    if (!row) return report_.findings.Note(row.error(), report_.lines);
    if (row->old_schema) report_.findings.Note(RowProblem::kOldSchema, report_.lines);
    visit_(*row, report_.lines);
  }

  RowRange range_;
  const ReadOptions& options_;
  const std::function<void(const TrialRow&, std::int64_t)>& visit_;
  RangeReport report_;
  Trial storage_;
  bool done_ = false;
};

std::string_view ProblemWords(RowProblem problem) {
  switch (problem) {
    case RowProblem::kTornLine: return "the last line stops in the middle of a row and was left out";
    case RowProblem::kMalformed: return "lines that are not trial rows were left out";
    case RowProblem::kUnknownOutcome: return "rows with an outcome that this version does not know were left out";
    case RowProblem::kDuplicate: return "rows repeat a trial that was there already; the first row of each counts";
    case RowProblem::kForeign:
      return "rows are not what the run planned at their index (another cell, task, seed or repetition) and were left "
             "out";
    case RowProblem::kContradictory:
      return "rows contradict themselves or the plan: their outcome denies what was executed, seen, attacked or run";
    case RowProblem::kOldSchema: return "rows lack keys that this version writes; what is missing reads as empty";
  }
  return "";
}

}  // namespace

std::string_view RowProblemName(RowProblem problem) {
  switch (problem) {
    case RowProblem::kTornLine: return "torn_line";
    case RowProblem::kMalformed: return "malformed";
    case RowProblem::kUnknownOutcome: return "unknown_outcome";
    case RowProblem::kDuplicate: return "duplicate";
    case RowProblem::kForeign: return "foreign";
    case RowProblem::kContradictory: return "contradictory";
    case RowProblem::kOldSchema: return "old_schema";
  }
  return "";
}

std::expected<TrialRow, RowProblem> ParseAnyTrialRow(std::string_view line, Trial& storage) {
  const auto json = Json::Parse(line);
  if (!json || !json->is_object()) return std::unexpected(RowProblem::kMalformed);
  const Json* outcome = json->Find(row_keys::Outer(row_keys::kOutcome));
  if (outcome == nullptr || !outcome->is_string()) return std::unexpected(RowProblem::kMalformed);
  if (!Parse<Outcome>(outcome->AsString())) return std::unexpected(RowProblem::kUnknownOutcome);
  auto trial = ReadTrialRow(*json, "");
  if (!trial) return std::unexpected(RowProblem::kMalformed);
  storage = std::move(*trial);
  TrialRow row = TrialRowOf(storage);
  row.old_schema = LacksKeys(*json);
  return row;
}

void Findings::Note(RowProblem problem, std::int64_t line, std::int64_t count) {
  for (Finding& finding : found_) {
    if (finding.problem != problem) continue;
    finding.count += count;
    finding.first_line = std::min(finding.first_line, line);
    return;
  }
  found_.push_back({problem, count, line, {}});
}

void Findings::Merge(const Findings& other, std::int64_t lines_before) {
  for (const Finding& finding : other.found_) Note(finding.problem, finding.first_line + lines_before, finding.count);
}

std::vector<Finding> Findings::List(const std::string& where) const {
  std::vector<Finding> list = found_;
  std::ranges::sort(list, {}, &Finding::problem);
  for (Finding& finding : list) {
    finding.message =
        fmt::format("{}:{}: {} ({})", where, finding.first_line, ProblemWords(finding.problem), finding.count);
  }
  return list;
}

Expected<RangeReport> ReadTrialRows(const std::string& path, RowRange range, const ReadOptions& options,
                                    const std::function<void(const TrialRow&, std::int64_t)>& visit) {
  return RangeReader(range, options, visit).Read(path);
}

}  // namespace xsweep
