// LogPlace: where in which log something lies, in 8 bytes, because there is one for every row or record of a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

namespace xsweep {

/// Ordered by log, then by offset. Logs are numbered by who opened them: a million of them, of 16 TiB each.
class LogPlace {
 public:
  LogPlace() = default;  ///< nowhere, behind all places
  LogPlace(std::uint64_t log, std::uint64_t offset) : packed_(log << kOffsetBits | offset) {}
  bool nowhere() const { return packed_ == kNowhere; }
  std::uint64_t log() const { return packed_ >> kOffsetBits; }
  std::uint64_t offset() const { return packed_ & ((std::uint64_t{1} << kOffsetBits) - 1); }
  friend auto operator<=>(const LogPlace&, const LogPlace&) = default;

 private:
  static constexpr unsigned kOffsetBits = 44;
  static constexpr std::uint64_t kNowhere = ~std::uint64_t{0};
  std::uint64_t packed_ = kNowhere;
};

}  // namespace xsweep
