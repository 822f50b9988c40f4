// ZstdFrame: whole texts as frames of zstd.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/zstd_frame.h"

#include <zstd.h>

#include "base/error.h"

namespace xsweep {

Compressor::Compressor(int level) : context_(ZSTD_createCCtx()) {
  SetLevel(level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

void Compressor::SetLevel(int level) { ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level); }

void Compressor::Append(std::string_view text, std::string& out) {
  const std::size_t start = out.size();
  out.resize_and_overwrite(start + ZSTD_compressBound(text.size()), [&](char* data, std::size_t room) {
    const std::size_t size = ZSTD_compress2(context_.get(), data + start, room - start, text.data(), text.size());
    CHECK(ZSTD_isError(size) == 0, "zstd could not compress into a buffer of its own bound");
    return start + size;
  });
}

Decompressor::Decompressor() : context_(ZSTD_createDCtx()) {}

void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

bool Decompressor::Read(std::string_view frames, char* text, std::size_t size) const {
  // An error's code is larger than any size.
  return ZSTD_decompressDCtx(context_.get(), text, size, frames.data(), frames.size()) == size;
}

std::optional<std::size_t> FirstFrameSize(std::string_view frames) {
  const std::size_t size = ZSTD_findFrameCompressedSize(frames.data(), frames.size());
  return ZSTD_isError(size) != 0 ? std::nullopt : std::optional(size);
}

std::size_t TextSizeOf(std::string_view frame) {
  if (frame.empty() || FirstFrameSize(frame) != frame.size()) return 0;
  const auto size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  return size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ? 0 : size;
}

}  // namespace xsweep
