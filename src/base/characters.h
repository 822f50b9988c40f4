// Characters: of UTF-8, for whoever cuts, counts or reads text by them; blanks; hexadecimal digits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace xsweep {

/// U+FFFD: what stands for bytes that are no character.
inline constexpr char32_t kReplacementCharacter = 0xFFFD;

/// Whether a byte goes on with a character that an earlier byte has begun.
constexpr bool ContinuesCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

/// Length in bytes of the well-formed character at `at` (Unicode 15, table 3-7); 0 when there is none.
std::size_t CharacterLength(std::string_view text, std::size_t at);

/// The character that a text of at least one byte begins with, and its length in bytes; U+FFFD and 1 for a byte that
/// begins none.
std::pair<char32_t, std::size_t> FirstCharacter(std::string_view text);

/// How many characters begin in `text`.
std::size_t Characters(std::string_view text);

/// The longest beginning of `text` that has at most `most` bytes and is not cut inside a character.
std::string_view WholeCharacters(std::string_view text, std::size_t most);

/// Without blanks at its ends.
std::string_view Trim(std::string_view text, std::string_view blanks = " \t\n\v\f\r");
std::string_view TrimStart(std::string_view text, std::string_view blanks = " \t\n\v\f\r");
std::string_view TrimEnd(std::string_view text, std::string_view blanks = " \t\n\v\f\r");

/// The value of a hexadecimal digit, large or small; -1 for what is none.
constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
/// Two small digits a byte.
std::string Hex(std::string_view bytes);

}  // namespace xsweep
