// RandomToken: names that nobody can guess.
// SPDX-License-Identifier: Apache-2.0
#include "net/token.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/error.h"

namespace xsweep {

std::string RandomToken() {
  std::array<unsigned char, 16> bytes{};
  CHECK(::getentropy(bytes.data(), bytes.size()) == 0, "the system gave no randomness");
  std::string token;
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

}  // namespace xsweep
