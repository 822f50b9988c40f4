// TranscriptFile: the sealed file of transcripts, any one of them open without the rest.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "record/transcripts/sealed_frames.h"

namespace xsweep {

/// What a line of the file says: a trial, and its transcript as JSON text.
struct KeptLine {
  std::uint64_t index = 0;
  std::string_view transcript;  ///< within the line
};
/// Empty for what is no such line.
std::optional<KeptLine> ReadKeptLine(std::string_view line);

std::unexpected<Error> DamagedTranscripts(const std::filesystem::path& path);

/// A sealed file of transcripts. Threads may share it; the two frames that were opened last stay in memory.
class TranscriptFile {
 public:
  static Expected<TranscriptFile> Open(const std::filesystem::path& path);
  std::size_t size() const { return lines_; }
  /// The line of the n-th kept transcript, {"index":..., "transcript":...}, with its dialogue wherever that is kept.
  Expected<std::string> Line(std::size_t n) const;
  /// The transcript of trial `index`, or nothing when it was not kept. O(log n) frames are opened.
  Expected<std::optional<Json>> Find(std::uint64_t index) const;
  /// The trial of the n-th kept transcript, n < size().
  Expected<std::uint64_t> IndexAt(std::size_t n) const;
  /// The first n whose trial is not before `index`; size() when there is none. Opens O(log n) frames.
  Expected<std::size_t> LowerBound(std::uint64_t index) const;
  /// The line as it stands in the file.
  auto LookAt(std::size_t n, const auto& look) const -> Expected<decltype(look(std::string_view()))>;
  Expected<std::string> LineAsKept(std::size_t n) const;

 private:
  struct OpenedFrame {
    const SealedFrame* frame = nullptr;
    std::string text;
    std::vector<std::string_view> lines;
  };
  /// Two, because who reads lines that rest on others' dialogues goes back and forth between two frames.
  struct Opened {
    std::mutex mutex;
    OpenedFrame frames[2];
    std::size_t last = 0;  ///< which was asked for last
  };
  TranscriptFile(MappedFile file, SealedFrames frames);
  Expected<const OpenedFrame*> OpenFrame(const SealedFrame& frame) const;
  /// Lines [low, high) among which the first not before `index` is, or the line at `high` is it.
  std::pair<std::size_t, std::size_t> LinesNear(std::uint64_t index) const;

  MappedFile file_;
  std::vector<SealedFrame> frames_;
  std::size_t lines_ = 0;
  bool indexed_ = false;
  std::unique_ptr<Opened> opened_;
  /// Without an index: one more than the trial of a line that was read, 0 of others. The middle of a search is read
  /// once.
  std::unique_ptr<std::atomic<std::uint64_t>[]> after_index_;
};

}  // namespace xsweep
