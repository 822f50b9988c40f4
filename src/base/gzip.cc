// Gzip: what was packed by gzip, as text.
// SPDX-License-Identifier: Apache-2.0
#include "base/gzip.h"

#include <algorithm>

#include <fmt/format.h>
#include <zlib.h>

namespace xsweep {

Expected<std::string> Gunzip(std::string_view bytes, const std::string& where, std::uint64_t limit) {
  if (!IsGzip(bytes)) return std::string(bytes);
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return UserError("cannot be unpacked", where);
  std::string out;
  int state = Z_OK;
  for (std::size_t taken = 0; state != Z_STREAM_END || taken < bytes.size();) {
    constexpr std::size_t kStep = std::size_t{1} << 20U;
    if (state == Z_STREAM_END && inflateReset(&stream) != Z_OK) break;  // another member follows
    const std::size_t in = std::min(kStep, bytes.size() - taken), made = out.size();
    out.resize(made + kStep);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + taken));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + made);
    stream.avail_out = static_cast<uInt>(kStep);
    state = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    out.resize(made + kStep - stream.avail_out);
    if (state != Z_OK && state != Z_STREAM_END) break;
    if (in == 0 && stream.avail_out > 0 && state != Z_STREAM_END) break;  // it ends too early
    if (out.size() > limit) break;
  }
  inflateEnd(&stream);
  if (out.size() > limit) return UserError(fmt::format("unpacks to more than {} bytes", limit), where);
  if (state != Z_STREAM_END) return UserError("is a damaged gzip file", where);
  return out;
}

}  // namespace xsweep
