// A fast 64-bit fingerprint of bytes, for caches and hashes in rows; not for security.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace xsweep {

/// XXH3 with 64 bits: the same bytes give the same value on every machine.
std::uint64_t Fingerprint(std::string_view bytes);

}  // namespace xsweep
