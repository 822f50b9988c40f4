// Exposure: has the payload reached what the agent is really shown?
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace xsweep {

/// What the `spotlight` defense puts in place of blanks in tool results (U+E000, a private-use character).
inline constexpr std::string_view kDataMark = "\xEE\x80\x80";

/// Whether `shown` carries `inserted`: byte by byte, or as the inside of a JSON string (with or without \u escapes
/// for what is not ASCII), each with its blanks as they are or replaced by kDataMark. An empty text is carried by
/// nothing.
bool Carries(std::string_view shown, std::string_view inserted);

/// Whether `shown` carries the letters and digits of `inserted` in their order, whatever a printer has done to lines,
/// blanks, quotes and escapes between them. For texts that were put into a world and come back through its printer; a
/// text without letters is carried by nothing.
bool CarriesFolded(std::string_view shown, std::string_view inserted);

/// Whether a part of `inserted` that an agent could still act on is in `shown`, though not all of it: of its runs of
/// three words (or of its words, when it has fewer) at least a quarter. Bounded work whatever the sizes.
bool CarriesPart(std::string_view shown, std::string_view inserted);

/// `text` with blanks (space, tab, newline, carriage return) replaced by kDataMark.
std::string MarkBlanks(std::string_view text);

}  // namespace xsweep
