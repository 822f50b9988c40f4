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

struct CommonBeginning::State {
  std::string beginning;
  std::size_t skipped = 0;
  std::uint64_t hash = 0;
  XXH3_state_t after;  ///< the beginning
};

CommonBeginning::CommonBeginning() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->after); }
CommonBeginning::~CommonBeginning() = default;

CommonBeginning::Hashes CommonBeginning::Of(std::string_view beginning, std::string_view rest, std::size_t skipped) {
  State& state = *state_;
  if (state.beginning != beginning || state.skipped != skipped) {
    state.beginning = beginning;
    state.skipped = skipped;
    state.hash = Hash64(beginning.substr(skipped));
    XXH3_64bits_reset(&state.after);
    XXH3_64bits_update(&state.after, beginning.data(), beginning.size());
  }
  XXH3_state_t whole;
  XXH3_copyState(&whole, &state.after);
  XXH3_64bits_update(&whole, rest.data(), rest.size());
  return {XXH3_64bits_digest(&whole), state.hash};
}

std::string Sha256(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return Hex({reinterpret_cast<const char*>(digest), sizeof digest});
}

}  // namespace xsweep
