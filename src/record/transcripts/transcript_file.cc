// TranscriptFile: the sealed file of transcripts.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/transcript_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "record/logs/log_row.h"
#include "record/transcripts/zstd_frame.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kTranscriptKey = ",\"transcript\":";
constexpr std::size_t kMaxTranscript = std::size_t{64} << 20U;

/// The trial whose dialogue the line rests on.
std::optional<std::uint64_t> HolderIn(std::string_view line) {
  constexpr std::string_view kHolder = "{\"dialogue\":";
  const auto kept = ReadKeptLine(line);
  if (!kept || !kept->transcript.starts_with(kHolder)) return std::nullopt;
  const std::string_view holder = kept->transcript.substr(kHolder.size());
  return ParseUnsigned(holder.substr(0, holder.find_first_of(",}")));
}

/// `own` with all of the dialogue's line that it does not say itself.
Expected<std::string> WithDialogue(std::string_view own, std::string_view dialogue) {
  TRY_ASSIGN(const Json mine, Json::Parse(own, "transcript"));
  TRY_ASSIGN(const Json held, Json::Parse(dialogue, "transcript"));
  const Json* members = mine.Find("transcript");
  const Json* found = held.Find("transcript");
  if (members == nullptr || found == nullptr || !members->is_object() || !found->is_object())
    return UserError("a kept transcript is damaged");
  Json whole = *found;
  for (const char* of_judge : {"assessment", "task"}) {
    if (members->Find(of_judge) == nullptr) whole.Erase(of_judge);
  }
  for (const auto& [name, value] : members->members()) whole.Set(name, value);
  Json line = mine;
  line.Set("transcript", std::move(whole));
  return line.Dump() + "\n";
}

}  // namespace

std::optional<KeptLine> ReadKeptLine(std::string_view line) {
  constexpr std::string_view kEnd = "}\n";
  const auto index = RowIndex(line);
  const std::size_t start = line.find(kTranscriptKey);
  if (!index || start == std::string_view::npos || !line.ends_with(kEnd)) return std::nullopt;
  const std::size_t begin = start + kTranscriptKey.size();
  if (begin + kEnd.size() > line.size()) return std::nullopt;
  return KeptLine{*index, line.substr(begin, line.size() - kEnd.size() - begin)};
}

std::unexpected<Error> DamagedTranscripts(const fs::path& path) {
  return UserError("is damaged or no transcript file of xsweep; make it again from the run", path.string());
}

Expected<TranscriptFile> TranscriptFile::Open(const fs::path& path) {
  TRY_ASSIGN(auto file, MappedFile::Open(path));
  auto frames = ReadSealedFrames(file.bytes());
  if (!frames) return DamagedTranscripts(path);
  return TranscriptFile(std::move(file), std::move(*frames));
}

TranscriptFile::TranscriptFile(MappedFile file, SealedFrames frames)
    : file_(std::move(file)),
      frames_(std::move(frames.frames)),
      lines_(frames_.empty() ? 0 : frames_.back().first_line + frames_.back().lines),
      indexed_(frames.indexed),
      opened_(std::make_unique<Opened>()),
      after_index_(std::make_unique<std::atomic<std::uint64_t>[]>(frames.indexed ? 0 : lines_)) {}

Expected<const TranscriptFile::OpenedFrame*> TranscriptFile::OpenFrame(const SealedFrame& frame) const {
  if (opened_->frames[opened_->last].frame != &frame) opened_->last = 1 - opened_->last;
  OpenedFrame& opened = opened_->frames[opened_->last];
  if (opened.frame == &frame) return &opened;
  if (frame.text_size > kMaxTranscript + kFrameText)
    return UserError(fmt::format("transcript {} is larger than 64 MiB", frame.first_line));
  opened.frame = nullptr;
  opened.lines.clear();
  opened.text.resize(frame.text_size);
  thread_local const Decompressor decompressor;
  const bool whole =
      decompressor.Read(file_.bytes().substr(frame.offset, frame.size), opened.text.data(), frame.text_size);
  for (std::string_view rest = opened.text; whole && !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    opened.lines.push_back(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  if (opened.lines.size() != frame.lines)
    return UserError(fmt::format("transcripts from {} on are damaged", frame.first_line));
  opened.frame = &frame;
  return &opened;
}

Expected<std::string> TranscriptFile::Line(std::size_t n) const {
  TRY_ASSIGN(std::string own, LineAsKept(n));
  const auto holder = HolderIn(own);
  if (!holder) return own;
  TRY_ASSIGN(const std::size_t place, LowerBound(*holder));
  const auto dialogue = place < size() ? LineAsKept(place) : Expected<std::string>(std::string());
  TRY(dialogue);
  if (RowIndex(*dialogue) != holder)
    return UserError(fmt::format("transcript {} rests on the dialogue of trial {}, which is not there", n, *holder));
  return WithDialogue(own, *dialogue);
}

/// What `look(line)` finds, while the line's frame is held open.
auto TranscriptFile::LookAt(std::size_t n, const auto& look) const -> Expected<decltype(look(std::string_view()))> {
  CHECK(n < lines_, "a transcript beyond the last was asked for");
  const SealedFrame& frame = *std::prev(std::ranges::upper_bound(frames_, n, {}, &SealedFrame::first_line));
  const std::lock_guard lock(opened_->mutex);
  TRY_ASSIGN(const OpenedFrame* opened, OpenFrame(frame));
  return look(opened->lines[n - frame.first_line]);
}

Expected<std::string> TranscriptFile::LineAsKept(std::size_t n) const {
  return LookAt(n, [](std::string_view line) { return std::string(line); });
}

Expected<std::uint64_t> TranscriptFile::IndexAt(std::size_t n) const {
  // An index is not believed how many lines there are: memory is taken for frames that have been opened only.
  std::atomic<std::uint64_t>* known = indexed_ ? nullptr : &after_index_[n];
  if (known != nullptr && *known != 0) return *known - 1;
  TRY_ASSIGN(const auto index, LookAt(n, RowIndex));
  if (!index) return UserError(fmt::format("transcript {} is damaged", n));
  if (known != nullptr) *known = *index + 1;
  return *index;
}

std::pair<std::size_t, std::size_t> TranscriptFile::LinesNear(std::uint64_t index) const {
  if (!indexed_) return {0, std::min<std::uint64_t>(lines_, index)};  // at most `index` trials come before it
  const auto after = std::ranges::upper_bound(frames_, index, {}, &SealedFrame::first_trial);
  if (after == frames_.begin()) return {0, 0};
  const SealedFrame& frame = *std::prev(after);
  return {frame.first_line, frame.first_line + frame.lines};
}

Expected<std::size_t> TranscriptFile::LowerBound(std::uint64_t index) const {
  auto [low, high] = LinesNear(index);
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    TRY_ASSIGN(const std::uint64_t here, IndexAt(middle));
    (here < index ? low : high) = here < index ? middle + 1 : middle;
  }
  return low;
}

Expected<std::optional<Json>> TranscriptFile::Find(std::uint64_t index) const {
  TRY_ASSIGN(const std::size_t n, LowerBound(index));
  if (n == size()) return std::optional<Json>();
  TRY_ASSIGN(const std::string line, Line(n));
  if (RowIndex(line) != index) return std::optional<Json>();
  TRY_ASSIGN(const Json json, Json::Parse(line, fmt::format("transcript of trial {}", index)));
  const Json* transcript = json.Find("transcript");
  return transcript == nullptr ? std::optional<Json>() : std::optional<Json>(*transcript);
}

}  // namespace xsweep
