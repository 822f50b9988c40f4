// ZstdFrame: whole texts as frames of zstd; one thread each. (Lines that are flushed as they come are line_log.h.)
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace xsweep {

class Compressor {
 public:
  explicit Compressor(int level);
  void SetLevel(int level);
  /// Appends one frame to `out`, with zstd's own checksum.
  void Append(std::string_view text, std::string& out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

class Decompressor {
 public:
  Decompressor();
  /// Whether `frames` hold exactly `size` bytes, which are at `text` then.
  bool Read(std::string_view frames, char* text, std::size_t size) const;

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

/// How many bytes the first frame of `frames` takes; empty for what is none.
std::optional<std::size_t> FirstFrameSize(std::string_view frames);
/// The size of the text in `frame`, which is one frame that says it; 0 of anything else.
std::size_t TextSizeOf(std::string_view frame);

}  // namespace xsweep
