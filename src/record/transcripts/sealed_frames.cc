// SealedFrames: how the lines of transcripts.jsonl.zst lie in its frames.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/sealed_frames.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "record/transcripts/raw_bytes.h"
#include "record/transcripts/zstd_frame.h"

namespace xsweep {
namespace {

constexpr int kSealedLevel = 3;
constexpr std::uint32_t kSkippableMagic = 0x184D2A5E;
constexpr std::uint32_t kSkippableIndexMagic = 0x184D2A5D;
constexpr std::uint32_t kSeekMagic = 0x8F92EAB1;
constexpr std::size_t kSkippableHeader = 8;  // magic and size
constexpr std::size_t kTableEntry = 8;       // of each frame: its size, and that of its text
constexpr std::size_t kTableEnd = 9;         // how many, a descriptor, the magic number
constexpr std::size_t kIndexEntry = 12;      // of each frame: the trial it starts with, and its lines

/// The sizes, which every such file has; where they begin is behind the index.
std::optional<std::uint64_t> ReadSizes(std::string_view bytes, std::vector<SealedFrame>& frames) {
  if (bytes.size() < kSkippableHeader + kTableEnd) return std::nullopt;
  if (ReadRaw<std::uint32_t>(bytes, bytes.size() - 4) != kSeekMagic) return std::nullopt;
  const std::uint64_t count = ReadRaw<std::uint32_t>(bytes, bytes.size() - kTableEnd);
  const std::uint64_t table_size = kSkippableHeader + count * kTableEntry + kTableEnd;
  if (table_size > bytes.size()) return std::nullopt;
  const std::uint64_t table = bytes.size() - table_size;
  if (ReadRaw<std::uint32_t>(bytes, table) != kSkippableMagic) return std::nullopt;
  frames.resize(count);
  std::uint64_t offset = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t entry = table + kSkippableHeader + i * kTableEntry;
    frames[i] = {.offset = offset,
                 .size = ReadRaw<std::uint32_t>(bytes, entry),
                 .text_size = ReadRaw<std::uint32_t>(bytes, entry + 4),
                 .first_line = i};
    offset += frames[i].size;
  }
  return table;
}

bool ReadIndex(std::string_view bytes, std::uint64_t begin, std::vector<SealedFrame>& frames) {
  if (ReadRaw<std::uint32_t>(bytes, begin) != kSkippableIndexMagic) return false;
  std::size_t line = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const std::uint64_t entry = begin + kSkippableHeader + i * kIndexEntry;
    frames[i].first_trial = ReadRaw<std::uint64_t>(bytes, entry);
    frames[i].lines = ReadRaw<std::uint32_t>(bytes, entry + 8);
    // A line has at least a character and its end.
    if (frames[i].lines == 0 || frames[i].lines > frames[i].text_size) return false;
    frames[i].first_line = line;
    line += frames[i].lines;
  }
  return true;
}

}  // namespace

void AppendLineStart(std::uint64_t index, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{{\"index\":{},\"transcript\":", index);
}

SealedFrame AppendSealedFrame(std::string_view text, std::uint64_t first, std::uint32_t lines, std::string& out) {
  thread_local Compressor compressor(kSealedLevel);
  const std::size_t start = out.size();
  compressor.Append(text, out);
  return {.size = static_cast<std::uint32_t>(out.size() - start),
          .text_size = static_cast<std::uint32_t>(text.size()),
          .lines = lines,
          .first_trial = first};
}

std::optional<SealedFrames> ReadSealedFrames(std::string_view bytes) {
  SealedFrames found;
  const auto table = ReadSizes(bytes, found.frames);
  if (!table) return std::nullopt;
  const std::uint64_t end = found.frames.empty() ? 0 : found.frames.back().offset + found.frames.back().size;
  if (end == *table) return found;
  if (end + kSkippableHeader + found.frames.size() * kIndexEntry != *table) return std::nullopt;
  found.indexed = true;
  return ReadIndex(bytes, end, found.frames) ? std::optional(std::move(found)) : std::nullopt;
}

Status WriteSealedTables(const std::vector<SealedFrame>& frames, AtomicFile& out) {
  std::string index;
  AppendRaw(kSkippableIndexMagic, index);
  AppendRaw(static_cast<std::uint32_t>(frames.size() * kIndexEntry), index);
  for (const SealedFrame& frame : frames) {
    AppendRaw(frame.first_trial, index);
    AppendRaw(frame.lines, index);
  }
  TRY(out.Write(index));
  std::string table;
  AppendRaw(kSkippableMagic, table);
  AppendRaw(static_cast<std::uint32_t>(frames.size() * kTableEntry + kTableEnd), table);
  for (const SealedFrame& frame : frames) {
    AppendRaw(frame.size, table);
    AppendRaw(frame.text_size, table);
  }
  AppendRaw(static_cast<std::uint32_t>(frames.size()), table);
  table += '\0';  // descriptor: no checksums of our own in the table, zstd's frames carry theirs
  AppendRaw(kSeekMagic, table);
  return out.Write(table);
}

}  // namespace xsweep
