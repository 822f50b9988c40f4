// SealedFrames: how the lines of transcripts.jsonl.zst lie in its frames, and the tables behind them; written and read.
//
// transcripts.jsonl.zst has JSON lines {"index":N,"transcript":{...}} in plan order, about 1 MiB of them in a zstd
// frame: trials share policy, tools and phrases, and a frame says them once. Behind the frames lie two skippable ones:
// of each frame the trial it starts with and its lines, and a table of sizes (laid out as in the "zstd seekable
// format"). `zstd -dc` prints the lines. Where a frame ends depends on the lines alone, so equal rows make equal files.
// Files in which every line is a frame of its own, as earlier versions wrote them, are read as well. A dictionary would
// do without frames of many, but then `zstd -dc` would need it too.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace xsweep {

/// What the tables say of a frame, and what follows from the ones before it.
struct SealedFrame {
  std::uint64_t offset = 0;  ///< in the file
  std::uint32_t size = 0;
  std::uint32_t text_size = 0;
  std::size_t first_line = 0;
  std::uint32_t lines = 1;
  std::uint64_t first_trial = 0;  ///< known where the file has an index
};

struct SealedFrames {
  std::vector<SealedFrame> frames;
  bool indexed = false;  ///< earlier versions wrote no index: each of their lines is a frame
};

/// A frame ends with the line that fills it up to this. 4 MiB would halve the file, and be slow to open for one line.
inline constexpr std::size_t kFrameText = std::size_t{1} << 20U;

/// A line, before it is packed: its start, the JSON of the transcript, its end.
void AppendLineStart(std::uint64_t index, std::string& out);
inline constexpr std::string_view kLineEnd = "}\n";
/// Appends `text`, `lines` whole lines of which the first is of trial `first`, as one frame; says what the tables have
/// to know of it but for its place.
SealedFrame AppendSealedFrame(std::string_view text, std::uint64_t first, std::uint32_t lines, std::string& out);

/// What WriteSealedTables has written, from the end of a file; empty when there is none.
std::optional<SealedFrames> ReadSealedFrames(std::string_view bytes);

/// What stands behind the frames.
Status WriteSealedTables(const std::vector<SealedFrame>& frames, AtomicFile& out);

}  // namespace xsweep
