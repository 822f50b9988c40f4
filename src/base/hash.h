// Hashes: XXH3 for identities and row hashes, SHA-256 for data files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace xsweep {

/// XXH3-64 as 16 lower-case hex digits.
std::string ShortHash(std::string_view bytes);
std::uint64_t Hash64(std::string_view bytes, std::uint64_t seed = 0);
/// SHA-256 as 64 lower-case hex digits.
std::string Sha256(std::string_view bytes);

}  // namespace xsweep
