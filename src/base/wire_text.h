// Wire text: how texts travel: a byte order mark before them, characters behind percent signs, names of headers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xsweep {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// The text behind a byte order mark, if it begins with one.
constexpr std::string_view WithoutByteOrderMark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

/// "a%2Cb" as "a,b"; empty where a percent sign has no two hex digits behind it.
std::optional<std::string> PercentDecoded(std::string_view text);

/// Whether HTTP takes it for the name of a header (RFC 9110's token).
bool IsHeaderName(std::string_view name);

}  // namespace xsweep
