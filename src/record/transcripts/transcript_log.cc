// TranscriptLog: the dialogues that are kept while a run goes on.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/transcript_log.h"

#include "record/transcripts/sealed_frames.h"
#include "record/transcripts/transcript_record.h"
#include "record/transcripts/zstd_frame.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
// While a run goes on, time counts and not size: half of level 1's time for a tenth more bytes.
constexpr int kLogLevel = -3;
constexpr int kTailLevel = 3;
constexpr std::string_view kTailStart = ",\"system\":\"";  // quotes inside strings are escaped: this is a member
constexpr std::size_t kSmallestTail = 1024;

/// Transcripts of a run end in the same system prompt, most of their bytes: that tail is a frame of its own, compressed
/// once by a thread and then copied. Where the tail starts follows from the text alone, so that the bytes do not depend
/// on what was compressed before.
class SharedTail {
 public:
  /// The end of `json` that frame() then stands for; empty when there is none worth a frame.
  std::string_view Find(std::string_view json, Compressor& compressor) {
    if (!tail_.empty() && json.ends_with(tail_)) return json.substr(json.size() - tail_.size());
    const std::size_t start = json.rfind(kTailStart);
    if (start == std::string_view::npos || json.size() - start < kSmallestTail) return {};
    tail_ = json.substr(start);
    frame_.clear();
    compressor.SetLevel(kTailLevel);
    compressor.Append(tail_ + std::string(kLineEnd), frame_);
    compressor.SetLevel(kLogLevel);
    return json.substr(start);
  }
  const std::string& frame() const { return frame_; }

 private:
  std::string tail_, frame_;
};

}  // namespace

void AppendTranscriptRecord(std::uint64_t index, std::uint32_t attempt, std::string_view transcript_json,
                            std::string& out) {
  thread_local Compressor compressor(kLogLevel);
  thread_local SharedTail shared;
  thread_local std::string head;
  const std::string_view tail = shared.Find(transcript_json, compressor);
  head.clear();
  AppendLineStart(index, head);
  head.append(transcript_json.substr(0, transcript_json.size() - tail.size()));
  if (tail.empty()) head += kLineEnd;
  const std::size_t start = out.size();
  out.resize(start + sizeof(TranscriptRecord));
  compressor.Append(head, out);
  std::size_t text_size = head.size();
  if (!tail.empty()) {
    out += shared.frame();
    text_size += tail.size() + kLineEnd.size();
  }
  SealRecord(index, attempt, text_size, start, out);
}

void AppendNoTranscript(std::uint64_t index, std::uint32_t attempt, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + sizeof(TranscriptRecord));
  SealRecord(index, attempt, 0, start, out);
}

Expected<std::unique_ptr<TranscriptLog>> TranscriptLog::Open(Disk& disk, const fs::path& path) {
  if (fs::exists(path)) {
    std::uint64_t whole = 0;
    {
      TRY_ASSIGN(const MappedFile old, MappedFile::Open(path));
      whole = ForEachRecord(old.bytes(), [](const TranscriptRecord&, std::uint64_t) {}).end;
    }
    if (whole != fs::file_size(path)) TRY(disk.Truncate(path, whole));
  }
  TRY_ASSIGN(auto file, disk.Open(path, OpenMode::kAppend));
  return std::unique_ptr<TranscriptLog>(new TranscriptLog(std::move(file)));
}

Status TranscriptLog::Append(std::string_view records) {
  const std::lock_guard lock(mutex_);
  return file_->Write(records);
}

// Appending goes on while the disk works.
Status TranscriptLog::Sync() { return file_->Sync(); }

Expected<std::uint64_t> ForEachKeptTranscript(const fs::path& shards,
                                              const std::function<void(std::uint64_t, std::uint32_t)>& visit) {
  std::uint64_t damaged = 0;
  for (const fs::path& path : TranscriptLogs(shards)) {
    TRY_ASSIGN(const MappedFile file, MappedFile::Open(path));
    std::size_t read = 0;
    const WholeRecords whole = ForEachRecord(file.bytes(), [&](const TranscriptRecord& header, std::uint64_t) {
      if (header.size > 0) visit(header.index, header.attempt);
      read += header.size;
      if (read > kWindow) file.Forget(), read = 0;
    });
    damaged += whole.damaged;
  }
  return damaged;
}

}  // namespace xsweep
