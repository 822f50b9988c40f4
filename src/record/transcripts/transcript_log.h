// TranscriptLog: the dialogues that are kept, each compressed by itself, while a run goes on.
//
// shards/<i>.transcripts, records of {magic, trial index, attempt, size, checksum} and the zstd
// frames of one transcript: one, or two where it ends in a long system prompt (the second is then the same for many).
// A trial that was judged on another trial's dialogue keeps {"dialogue":M,...} with what is its own, its judge's
// finding; whoever reads it gets the dialogue of trial M with these members in place of the other's.
// What becomes of them is sealed_frames.h.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/files.h"

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

}  // namespace xsweep
