// Hashes: XXH3 for identities and row hashes, SHA-256 for data files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace xsweep {

/// XXH3-64 as 16 lower-case hex digits.
std::string ShortHash(std::string_view bytes);
std::uint64_t Hash64(std::string_view bytes, std::uint64_t seed = 0);

/// Hashes of texts that share a long beginning: it is read once, and compared with afterwards.
class CommonBeginning {
 public:
  CommonBeginning();
  ~CommonBeginning();
  /// Hash64(beginning + rest), and Hash64 of the beginning without its first `skipped` bytes.
  struct Hashes {
    std::uint64_t whole, beginning;
  };
  Hashes Of(std::string_view beginning, std::string_view rest, std::size_t skipped);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 as 64 lower-case hex digits.
std::string Sha256(std::string_view bytes);

}  // namespace xsweep
