// RandomToken: names that nobody can guess.
// SPDX-License-Identifier: Apache-2.0
#include "net/token.h"

#include <unistd.h>

#include <array>

#include "base/characters.h"
#include "base/error.h"

namespace xsweep {

std::string RandomToken() {
  std::array<unsigned char, 16> bytes{};
  CHECK(::getentropy(bytes.data(), bytes.size()) == 0, "the system gave no randomness");
  return Hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace xsweep
