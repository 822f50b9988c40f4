// Gzip: what was packed by gzip, as text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace xsweep {

/// Whether it begins as gzip's format (RFC 1952) does, which no JSON and no other text does.
inline bool IsGzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

/// The text of one or several members; `bytes` as they are where they are none. Fails with kUser for damaged ones and
/// beyond `limit` bytes.
Expected<std::string> Gunzip(std::string_view bytes, const std::string& where,
                             std::uint64_t limit = std::uint64_t{1} << 31U);

}  // namespace xsweep
