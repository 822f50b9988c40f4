// RowCursor: walks over the bytes of a row, eight at a time, and stops for good at the first surprise.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace xsweep {

/// How many bytes beyond the row are looked at.
inline constexpr std::size_t kScanPadding = 64;

namespace row_bytes {

inline constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
inline constexpr std::uint64_t kHighs = 0x8080808080808080ULL;

inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// How many bytes from `at` on are plain, of the kPlainStep that are looked at: no quote, no backslash, no control and
/// no non-ASCII byte. Where all are, kPlainStep.
#ifdef __SSE2__
inline constexpr std::size_t kPlainStep = 16;
inline std::size_t PlainBytes(const char* at) {
  __m128i bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  // As signed bytes, what is below a space is a control or, with its high bit set, not ASCII.
  const __m128i stops =
      _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                   _mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')));
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stops)) | 1U << kPlainStep;
  return static_cast<std::size_t>(__builtin_ctz(mask));
}
#else
inline constexpr std::size_t kPlainStep = 8;
inline std::size_t PlainBytes(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  const auto zeros = [](std::uint64_t x) { return (x - kOnes) & ~x & kHighs; };
  const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighs;
  const std::uint64_t stops = zeros(word ^ (kOnes * '"')) | zeros(word ^ (kOnes * '\\')) | controls | (word & kHighs);
  // Bytes above the first marked one may be marked wrongly (borrows); only the first is taken.
  return stops == 0 ? kPlainStep : static_cast<std::size_t>(__builtin_ctzll(stops)) / 8;
}
#endif

/// The digits at `at`, of the first eight bytes: how many, and what they say.
struct Digits {
  std::size_t length = 0;   ///< 8: perhaps there are more
  std::uint64_t bytes = 0;  ///< each byte less '0'; those beyond the digits are anything

  /// The number: eight digits at once by three multiplications, those before the first being zeros.
  std::int64_t Value() const {
    if (length == 1) return static_cast<std::int64_t>(bytes & 0xFF);  // nearly all are below ten
    std::uint64_t value = bytes << (64 - 8 * length);
    value = (value * 2561) >> 8U & 0x00FF00FF00FF00FFULL;
    value = (value * 6553601) >> 16U & 0x0000FFFF0000FFFFULL;
    return static_cast<std::int64_t>((value * 42949672960001ULL) >> 32U);
  }
};
inline Digits DigitsAt(const char* at, std::size_t length) {
  Digits digits{length, 0};
  std::memcpy(&digits.bytes, at, sizeof digits.bytes);  // little endian, as every machine this runs on
  digits.bytes ^= kOnes * '0';
  return digits;
}
inline Digits DigitsAt(const char* at) {
  Digits digits = DigitsAt(at, 0);
  // A byte above 9 reaches its high bit by this sum or has it; those below the first such one carry nothing.
  const std::uint64_t others = ((digits.bytes + kOnes * 0x76) | digits.bytes) & kHighs;
  digits.length = others == 0 ? sizeof digits.bytes : static_cast<std::size_t>(__builtin_ctzll(others)) / 8;
  return digits;
}

/// Whether `literal` stands at `at`, as a few inlined compares of 16 or 8 bytes: a call to memcmp for each key would
/// take a third of the time.
template <std::size_t kLength>
[[gnu::always_inline]] inline bool Stands(const char* at, const char* literal) {
#ifdef __SSE2__
  if constexpr (kLength >= 16) {
    const auto load = [](const char* from) {
      __m128i bytes;
      std::memcpy(&bytes, from, sizeof bytes);
      return bytes;
    };
    __m128i equal = _mm_cmpeq_epi8(load(at), load(literal));
    for (std::size_t i = 16; i < kLength; i += 16) {
      const std::size_t from = i + 16 <= kLength ? i : kLength - 16;
      equal = _mm_and_si128(equal, _mm_cmpeq_epi8(load(at + from), load(literal + from)));
    }
    return _mm_movemask_epi8(equal) == 0xFFFF;
  }
#endif
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
    static_assert(row_bytes::kPlainStep <= kScanPadding);
    std::size_t plain = 0;
    while ((plain = row_bytes::PlainBytes(end)) == row_bytes::kPlainStep) end += plain;
    end += plain;
    if (*end != '"') return Fail(), std::string_view();
    at_ = end + 1;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  /// A text of 16 bytes, as hashes are; any other as well.
  std::string_view Hash() {
    constexpr std::size_t kLength = 16;
    static_assert(kLength % row_bytes::kPlainStep == 0);
    if (at_ == nullptr || *at_ != '"' || at_[kLength + 1] != '"') return Text();
    for (std::size_t i = 0; i < kLength; i += row_bytes::kPlainStep)
      if (row_bytes::PlainBytes(at_ + 1 + i) != row_bytes::kPlainStep) return Text();
    const char* const begin = at_ + 1;
    at_ += kLength + 2;
    return {begin, kLength};
  }

  /// A JSON integer in [0, limit] of at most 18 digits. Its end is found by branches, which are foreseen: what follows
  /// need not wait for it.
  [[gnu::always_inline]] std::int64_t Count(std::int64_t limit = INT64_MAX) {
    if (at_ == nullptr || !row_bytes::IsDigit(*at_)) return Fail(), 0;
    const char* const begin = at_;
    const char* end = begin + 1;
    while (row_bytes::IsDigit(*end)) ++end;
    const auto length = static_cast<std::size_t>(end - begin);
    if (length > sizeof(std::uint64_t)) return LongCount(limit);
    if (length > 1 && *begin == '0') return Fail(), 0;
    const std::int64_t value = length == 1 ? *begin - '0' : row_bytes::DigitsAt(begin, length).Value();
    if (value > limit) return Fail(), 0;
    at_ = end;
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
    const row_bytes::Digits whole = row_bytes::DigitsAt(at_);
    if (whole.length == 0 || whole.length > 6 || at_[whole.length] != '.') return -1;
    if (*at_ == '0' && whole.length > 1) return -1;
    const char* at = at_ + whole.length + 1;
    const row_bytes::Digits part = row_bytes::DigitsAt(at);
    if (part.length == 0) return -1;
    std::int64_t value = whole.Value() * 1'000'000'000 + part.Value() * kNanoUnit[part.length];
    at += part.length;
    if (part.length == sizeof part.bytes && row_bytes::IsDigit(*at)) value += *at++ - '0';
    if (row_bytes::IsDigit(*at) || *at == 'e' || *at == 'E') return -1;
    at_ = at;
    return value;
  }

  /// Passes a JSON number that has no exponent.
  void Decimal() {
    if (at_ == nullptr) return;
    if (*at_ == '-') ++at_;
    if (!Digits(true)) return Fail();
    if (*at_ == '.') {
      ++at_;
      if (!Digits(false)) return Fail();
    }
    if (*at_ == 'e' || *at_ == 'E') Fail();
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
  /// More than the eight digits that are read at once.
  std::int64_t LongCount(std::int64_t limit) {
    const char* const begin = at_;
    std::int64_t value = 0;
    while (row_bytes::IsDigit(*at_) && at_ - begin < 18) value = value * 10 + (*at_++ - '0');
    if (row_bytes::IsDigit(*at_) || *begin == '0' || value > limit) return Fail(), 0;
    return value;
  }
  bool Digits(bool no_leading_zero) {
    const char* const begin = at_;
    while (row_bytes::IsDigit(*at_)) ++at_;
    return at_ > begin && !(no_leading_zero && *begin == '0' && at_ - begin > 1);
  }
  /// What a digit is worth in nano units when so many stand behind the point.
  static constexpr std::array<std::int64_t, 9> kNanoUnit = {1'000'000'000, 100'000'000, 10'000'000, 1'000'000, 100'000,
                                                            10'000,        1'000,       100,        10};
  const char* at_;
};

}  // namespace xsweep
