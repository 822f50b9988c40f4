// TranscriptRecord: one kept dialogue as it lies in a shard log, and how a log that was damaged is read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace xsweep {

/// In front of every frame of a shard log; all fields little-endian, as on every machine this runs on.
struct TranscriptRecord {
  std::uint32_t magic;
  std::uint32_t attempt;
  std::uint64_t index;
  std::uint64_t checksum;  ///< XXH3 over the frame, seeded with the other fields
  std::uint32_t size;
  std::uint32_t text_size;
};
static_assert(sizeof(TranscriptRecord) == 32);

/// Writes a header over the bytes at `start` of `out`, of a record whose frames follow them up to its end.
void SealRecord(std::uint64_t index, std::uint32_t attempt, std::size_t text_size, std::size_t start, std::string& out);

/// How far a log of transcripts can be read.
struct WholeRecords {
  std::uint64_t end = 0;      ///< behind the last whole record
  std::uint64_t damaged = 0;  ///< bytes between whole records that belong to none
};

/// Calls back for each whole record. Behind a damaged one it goes on at the next, so that a page that was lost costs
/// what was in it and not all that came after it. Looks at most a few times at any byte: what follows a false start is
/// not hashed again, for a damaged size would otherwise make this quadratic.
WholeRecords ForEachRecord(std::string_view bytes,
                           const std::function<void(const TranscriptRecord& header, std::uint64_t frame)>& visit);

/// Of files that are read through, so many bytes are in memory before what was read is let go.
inline constexpr std::size_t kWindow = std::size_t{32} << 20U;

/// Every log of transcripts of a folder, in one order.
std::vector<std::filesystem::path> TranscriptLogs(const std::filesystem::path& shards);

}  // namespace xsweep
