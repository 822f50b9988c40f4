// TranscriptRecord: one kept dialogue as it lies in a shard log.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/transcript_record.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "record/logs/layout.h"
#include "record/transcripts/raw_bytes.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::uint32_t kRecordMagic = 0x32525458;     // "XTR2"
constexpr std::uint32_t kOldRecordMagic = 0x31525458;  // "XTR1": its checksum left the header out
constexpr std::string_view kMagicStart = "XTR";
constexpr std::uint64_t kMostHashed = std::uint64_t{64} << 20U;

/// A flipped bit in a header would hand one trial's dialogue to another.
std::uint64_t ChecksumOf(const TranscriptRecord& header, std::string_view frame) {
  if (header.magic == kOldRecordMagic) return Hash64(frame);
  const std::uint64_t fields[] = {header.index, std::uint64_t{header.attempt} << 32U | header.text_size, header.size};
  return Hash64(frame, Hash64({reinterpret_cast<const char*>(fields), sizeof fields}));
}

/// Whether a whole record starts at `offset`.
bool IsRecord(std::string_view bytes, std::uint64_t offset) {
  if (bytes.size() - offset < sizeof(TranscriptRecord)) return false;
  const auto header = ReadRaw<TranscriptRecord>(bytes, offset);
  const std::uint64_t frame = offset + sizeof(TranscriptRecord);
  const bool ours = header.magic == kRecordMagic || header.magic == kOldRecordMagic;
  return ours && header.size <= bytes.size() - frame &&
         ChecksumOf(header, bytes.substr(frame, header.size)) == header.checksum;
}

}  // namespace

void SealRecord(std::uint64_t index, std::uint32_t attempt, std::size_t text_size, std::size_t start,
                std::string& out) {
  const std::string_view frames = std::string_view(out).substr(start + sizeof(TranscriptRecord));
  TranscriptRecord header{kRecordMagic,
                          attempt,
                          index,
                          0,
                          static_cast<std::uint32_t>(frames.size()),
                          static_cast<std::uint32_t>(text_size)};
  header.checksum = ChecksumOf(header, frames);
  std::memcpy(out.data() + start, &header, sizeof header);
}

WholeRecords ForEachRecord(std::string_view bytes,
                           const std::function<void(const TranscriptRecord& header, std::uint64_t frame)>& visit) {
  WholeRecords whole;
  std::uint64_t hashed = 0;
  std::uint64_t offset = 0;
  while ((offset = bytes.find(kMagicStart, offset)) != std::string_view::npos) {
    if (bytes.size() - offset < sizeof(TranscriptRecord)) break;
    const auto header = ReadRaw<TranscriptRecord>(bytes, offset);
    hashed += std::min<std::uint64_t>(header.size, bytes.size() - offset);
    if (hashed > kMostHashed + 4 * bytes.size()) break;
    if (!IsRecord(bytes, offset)) {
      ++offset;
      continue;
    }
    const std::uint64_t frame = offset + sizeof(TranscriptRecord);
    whole.damaged += offset - whole.end;
    visit(header, frame);
    whole.end = offset = frame + header.size;
  }
  return whole;
}

std::vector<fs::path> TranscriptLogs(const fs::path& shards) {
  std::vector<fs::path> logs;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(shards, absent)) {
    if (entry.path().extension() == layout::kTranscriptLog) logs.push_back(entry.path());
  }
  std::ranges::sort(logs);
  return logs;
}

}  // namespace xsweep
