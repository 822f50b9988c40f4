// The small things that many rooms do with text: characters of UTF-8, blanks, hexadecimal digits.
// SPDX-License-Identifier: Apache-2.0
#include "base/characters.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace xsweep {
namespace {

TEST(Text, IsTrimmedAtItsEndsOnly) {
  EXPECT_EQ(Trim(" \t a b\r\n\v\f"), "a b");
  EXPECT_EQ(Trim("\xC2\xA0x"), "\xC2\xA0x") << "a no-break space is no blank";
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim("--a-", "-"), "a");
}

TEST(Text, AsHexadecimalDigitsReadsBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  const std::string digits = Hex(bytes);
  ASSERT_EQ(digits.size(), 512U);
  EXPECT_EQ(digits.substr(0, 4), "0001");
  EXPECT_EQ(digits.substr(508), "feff");
  for (std::size_t i = 0; i < 256; ++i)
    EXPECT_EQ(static_cast<std::size_t>(HexDigit(digits[2 * i]) * 16 + HexDigit(digits[2 * i + 1])), i);
  EXPECT_EQ(HexDigit('F'), 15);
  EXPECT_EQ(HexDigit('g'), -1);
}

struct Sample {
  std::string_view bytes;
  char32_t character;
  std::size_t length;
};
// The edges of table 3-7 of Unicode 15, and one step beyond each.
constexpr Sample kSamples[] = {
    {"a", U'a', 1},
    {"\x7F", 0x7F, 1},
    {"\x80", kReplacementCharacter, 1},
    {"\xC1\xBF", kReplacementCharacter, 1},
    {"\xC2\x80", 0x80, 2},
    {"\xDF\xBF", 0x7FF, 2},
    {"\xC2", kReplacementCharacter, 1},
    {"\xE0\x9F\xBF", kReplacementCharacter, 1},
    {"\xE0\xA0\x80", 0x800, 3},
    {"\xED\x9F\xBF", 0xD7FF, 3},
    {"\xED\xA0\x80", kReplacementCharacter, 1},
    {"\xEF\xBF\xBF", 0xFFFF, 3},
    {"\xF0\x8F\xBF\xBF", kReplacementCharacter, 1},
    {"\xF0\x90\x80\x80", 0x10000, 4},
    {"\xF4\x8F\xBF\xBF", 0x10FFFF, 4},
    {"\xF4\x90\x80\x80", kReplacementCharacter, 1},
    {"\xF0\x90\x80", kReplacementCharacter, 1},
};

TEST(Characters, AreReadAsUnicodeDefinesThem) {
  for (const Sample& sample : kSamples) {
    EXPECT_EQ(FirstCharacter(sample.bytes), std::pair(sample.character, sample.length)) << Hex(sample.bytes);
    const bool sound = sample.character != kReplacementCharacter;
    EXPECT_EQ(CharacterLength(sample.bytes, 0), sound ? sample.length : 0) << Hex(sample.bytes);
    EXPECT_EQ(FindInvalidUtf8(sample.bytes).has_value(), !sound) << Hex(sample.bytes);
  }
  EXPECT_EQ(CharacterLength("a", 1), 0U);
}

TEST(Characters, AreNeverCutThrough) {
  const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\xA6z";  // of 1, 2, 3, 4 and 1 bytes
  EXPECT_EQ(Characters(text), 5U);
  const std::size_t sizes[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t most = 0; most < std::size(sizes); ++most)
    EXPECT_EQ(WholeCharacters(text, most), text.substr(0, sizes[most])) << most;
}

}  // namespace
}  // namespace xsweep
