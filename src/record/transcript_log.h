// TranscriptLog: the dialogues that are kept, compressed, any one of them open without the rest of the run.
//
// While a run goes on: shards/<i>.transcripts, records of {magic, trial index, attempt, size, checksum} and the zstd
// frames of one transcript: one, or two where it ends in a long system prompt (the second is then the same for many).
// A trial that was judged on another trial's dialogue keeps {"dialogue":M,...} with what is its own, its judge's
// finding; whoever reads it gets the dialogue of trial M with these members in place of the other's.
// Sealed: transcripts.jsonl.zst, JSON lines {"index":N,"transcript":{...}} in plan order, about 1 MiB of them in a zstd
// frame: trials share policy, tools and phrases, and a frame says them once. Behind the frames lie two skippable ones:
// of each frame the trial it starts with and its lines, and a table of sizes (laid out as in the "zstd seekable
// format"). `zstd -dc` prints the lines. Where a frame ends depends on the lines alone, so equal rows make equal files.
// Files in which every line is a frame of its own, as earlier versions wrote them, are read as well. A dictionary would
// do without frames of many, but then `zstd -dc` would need it too.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/json.h"

namespace xsweep {

/// Appends to `out` one record for the shard log: a transcript (JSON text of the line's value) compressed by itself.
void AppendTranscriptRecord(std::uint64_t index, std::uint32_t attempt, std::string_view transcript_json,
                            std::string& out);

/// The writing side of one shard's transcripts. Thread-safe. Write a transcript before its row: a row that is there
/// then always has the transcript that it should have.
class TranscriptLog {
 public:
  static Expected<std::unique_ptr<TranscriptLog>> Open(Disk& disk, const std::filesystem::path& path);
  Status Append(std::string_view records);
  Status Sync();

 private:
  explicit TranscriptLog(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  std::mutex mutex_;
  std::unique_ptr<WritableFile> file_;
};

/// Appends to `out` a record that says: this attempt has no transcript, whatever earlier ones had.
void AppendNoTranscript(std::uint64_t index, std::uint32_t attempt, std::string& out);

/// Calls back for every transcript in the shard logs that can be read back; returns how many bytes between them cannot.
Expected<std::uint64_t> ForEachKeptTranscript(
    const std::filesystem::path& shards, const std::function<void(std::uint64_t index, std::uint32_t attempt)>& visit);

/// Writes transcripts.jsonl.zst from the shard logs, in plan order; of several for one trial the last attempt counts.
/// Without any there is no such file afterwards.
Status SealTranscripts(Disk& disk, const std::filesystem::path& shards, const std::filesystem::path& sealed);
/// Makes a shard log of a sealed file, so that more trials can be added; its records count as attempt 0.
Status UnsealTranscripts(Disk& disk, const std::filesystem::path& sealed, const std::filesystem::path& log);

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
  Expected<std::string> LineAsKept(std::size_t n) const;

 private:
  struct Frame {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t text_size = 0;
    std::size_t first_line = 0;
    std::uint32_t lines = 1;
    std::uint64_t first_trial = 0;  ///< known where the file has an index
  };
  struct OpenedFrame {
    const Frame* frame = nullptr;
    std::string text;
    std::vector<std::string_view> lines;
  };
  /// Two, because who reads lines that rest on others' dialogues goes back and forth between two frames.
  struct Opened {
    std::mutex mutex;
    OpenedFrame frames[2];
    std::size_t last = 0;  ///< which was asked for last
  };
  TranscriptFile(MappedFile file, std::vector<Frame> frames, bool indexed);
  Expected<const OpenedFrame*> OpenFrame(const Frame& frame) const;
  /// Lines [low, high) among which the first not before `index` is, or the line at `high` is it.
  std::pair<std::size_t, std::size_t> LinesNear(std::uint64_t index) const;

  MappedFile file_;
  std::vector<Frame> frames_;
  std::size_t lines_ = 0;
  bool indexed_ = false;
  std::unique_ptr<Opened> opened_;
  /// Without an index: one more than the trial of a line that was read, 0 of others. The middle of a search is read
  /// once.
  std::unique_ptr<std::atomic<std::uint64_t>[]> after_index_;
};

}  // namespace xsweep
