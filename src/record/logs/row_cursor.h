// RowCursor: walks over the bytes of a row, eight at a time, and stops for good at the first surprise.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace xsweep {

/// How many bytes beyond the row are looked at.
inline constexpr std::size_t kScanPadding = 64;

namespace row_bytes {

inline constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
inline constexpr std::uint64_t kHighs = 0x8080808080808080ULL;

inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// A high bit in every byte of `word` that ends a plain string: a quote, a backslash, a control or a non-ASCII byte.
/// Bytes above the first marked one may be marked wrongly (borrows), which does not matter to who takes the first.
inline std::uint64_t StringStops(std::uint64_t word) {
  const auto zeros = [](std::uint64_t x) { return (x - kOnes) & ~x & kHighs; };
  const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighs;
  return zeros(word ^ (kOnes * '"')) | zeros(word ^ (kOnes * '\\')) | controls | (word & kHighs);
}

/// Whether `literal` stands at `at`, as a few inlined 8-byte compares: a call to memcmp for each key would take a third
/// of the time.
template <std::size_t kLength>
[[gnu::always_inline]] inline bool Stands(const char* at, const char* literal) {
  std::uint64_t here = 0;
  std::uint64_t wanted = 0;
  if constexpr (kLength < sizeof here) {
    std::memcpy(&here, at, kLength);
    std::memcpy(&wanted, literal, kLength);
    return here == wanted;
  } else {
    std::uint64_t differing = 0;
    for (std::size_t i = 0; i < kLength; i += sizeof here) {
      const std::size_t from = i + sizeof here <= kLength ? i : kLength - sizeof here;
      std::memcpy(&here, at + from, sizeof here);
      std::memcpy(&wanted, literal + from, sizeof wanted);
      differing |= here ^ wanted;
    }
    return differing == 0;
  }
}

}  // namespace row_bytes

/// A position that turns into nullptr at the first surprise; everything after that is a no-op.
class RowCursor {
 public:
  explicit RowCursor(const char* at) : at_(at) {}
  const char* at() const { return at_; }
  bool ok() const { return at_ != nullptr; }
  void Fail() { at_ = nullptr; }

  /// `literal` with its closing zero, as literals have it.
  template <std::size_t N>
  [[gnu::always_inline]] bool Skip(const char (&literal)[N]) {
    return SkipBytes<N - 1>(literal);
  }
  template <std::size_t N>
  [[gnu::always_inline]] bool Skip(const std::array<char, N>& literal) {
    return SkipBytes<N - 1>(literal.data());
  }
  template <std::size_t N>
  [[gnu::always_inline]] void Need(const char (&literal)[N]) {
    if (!Skip(literal)) Fail();
  }

  /// The inside of a string; leaves the position after its closing quote.
  std::string_view Text() {
    if (at_ == nullptr || *at_ != '"') return Fail(), std::string_view();
    const char* const begin = at_ + 1;
    const char* end = begin;
    std::uint64_t word = 0;
    std::uint64_t stops = 0;
    static_assert(sizeof word <= kScanPadding);
    while (std::memcpy(&word, end, sizeof word), (stops = row_bytes::StringStops(word)) == 0) end += sizeof word;
    end += __builtin_ctzll(stops) / 8;  // little endian, as every machine this runs on
    if (*end != '"') return Fail(), std::string_view();
    at_ = end + 1;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  /// A JSON integer in [0, limit] of at most 18 digits.
  std::int64_t Count(std::int64_t limit = INT64_MAX) {
    if (at_ == nullptr || !row_bytes::IsDigit(*at_)) return Fail(), 0;
    const char* const begin = at_;
    std::int64_t value = 0;
    while (row_bytes::IsDigit(*at_) && at_ - begin < 18) value = value * 10 + (*at_++ - '0');
    if (row_bytes::IsDigit(*at_) || (*begin == '0' && at_ - begin > 1) || value > limit) return Fail(), 0;
    return value;
  }

  bool Flag() {
    if (Skip("true")) return true;
    Need("false");
    return false;
  }

  /// "12.345" in units of 1e-9, exactly; -1, without moving, for anything but 1-6 digits, a point and 1-9 digits.
  std::int64_t NanoUnits() {
    if (at_ == nullptr) return -1;
    const char* at = at_;
    std::int64_t value = 0;
    for (; row_bytes::IsDigit(*at) && at - at_ < 6; ++at) value = value * 10 + (*at - '0');
    if (at == at_ || (*at_ == '0' && at - at_ > 1) || *at != '.') return -1;
    const char* const point = at++;
    for (; row_bytes::IsDigit(*at) && at - point < 10; ++at) value = value * 10 + (*at - '0');
    if (at - point == 1 || row_bytes::IsDigit(*at) || *at == 'e' || *at == 'E') return -1;
    for (auto digits = at - point - 1; digits < 9; ++digits) value *= 10;
    at_ = at;
    return value;
  }

  /// Any JSON number as its characters.
  std::string_view Number() {
    if (at_ == nullptr) return {};
    const char* const begin = at_;
    if (*at_ == '-') ++at_;
    if (!Digits(true)) return Fail(), std::string_view();
    if (*at_ == '.') {
      ++at_;
      if (!Digits(false)) return Fail(), std::string_view();
    }
    if (*at_ == 'e' || *at_ == 'E') {
      ++at_;
      if (*at_ == '+' || *at_ == '-') ++at_;
      if (!Digits(false)) return Fail(), std::string_view();
    }
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

 private:
  template <std::size_t kLength>
  [[gnu::always_inline]] bool SkipBytes(const char* literal) {
    static_assert(kLength <= kScanPadding);
    if (at_ == nullptr || !row_bytes::Stands<kLength>(at_, literal)) return false;
    at_ += kLength;
    return true;
  }
  bool Digits(bool no_leading_zero) {
    const char* const begin = at_;
    while (row_bytes::IsDigit(*at_)) ++at_;
    return at_ > begin && !(no_leading_zero && *begin == '0' && at_ - begin > 1);
  }
  const char* at_;
};

}  // namespace xsweep
