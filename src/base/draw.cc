// A random draw is a pure function of identity.
// SPDX-License-Identifier: Apache-2.0
#include "base/draw.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

namespace xsweep {

Draws::Draws(std::uint64_t seed, std::string_view task, std::uint32_t trial)
    : key_(XXH3_64bits_withSeed(task.data(), task.size(), seed) + 0x9E3779B97F4A7C15ULL * (trial + 1ULL)) {}

std::uint64_t Draws::Bits(std::string_view stream, std::uint32_t step) const {
  return XXH3_64bits_withSeed(stream.data(), stream.size(), key_ ^ (0xD1B54A32D192ED03ULL * (step + 1ULL)));
}

double Draws::Uniform(std::string_view stream, std::uint32_t step) const {
  return static_cast<double>(Bits(stream, step) >> 11U) * 0x1.0p-53;
}

std::int64_t Draws::Integer(std::string_view stream, std::uint32_t step, std::int64_t low, std::int64_t high) const {
  CHECK(low <= high, "an empty range was drawn from");
  const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  if (span == 0) return static_cast<std::int64_t>(Bits(stream, step));
  // Multiply-shift maps 64 bits onto the span without modulo bias that a test could see.
  const XXH128_hash_t scaled = XXH_mult64to128(Bits(stream, step), span);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + scaled.high64);
}

}  // namespace xsweep
