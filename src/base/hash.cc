// Hashes: XXH3 for identities and row hashes, SHA-256 for data files.
// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <fmt/format.h>
#include <openssl/sha.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/characters.h"

namespace xsweep {

std::uint64_t Hash64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string ShortHash(std::string_view bytes) { return fmt::format("{:016x}", Hash64(bytes)); }

std::string Sha256(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return Hex({reinterpret_cast<const char*>(digest), sizeof digest});
}

}  // namespace xsweep
