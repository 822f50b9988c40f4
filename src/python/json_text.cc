// JSON as Python's json.dumps prints it by default.
// SPDX-License-Identifier: Apache-2.0
#include "python/json_text.h"

#include <cstdint>

#include <fmt/format.h>

#include "base/characters.h"

namespace xsweep {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

// How many bytes follow the lead byte of a UTF-8 sequence; -1 for a byte that cannot lead one.
int Following(std::uint8_t lead) {
  if (lead < 0x80) return 0;
  if (lead < 0xC2 || lead > 0xF4) return -1;
  return lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
}

// The code point that starts at `at`, which moves behind it.
std::uint32_t TakeCodePoint(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<std::uint8_t>(text[at++]);
  const int following = Following(lead);
  if (following == 0) return lead;
  if (following < 0 || text.size() - at < static_cast<std::size_t>(following)) return kReplacement;
  std::uint32_t point = lead & (0x3FU >> static_cast<unsigned>(following));
  for (int i = 0; i < following; ++i) {
    const auto next = static_cast<std::uint8_t>(text[at + static_cast<std::size_t>(i)]);
    if (!ContinuesCharacter(static_cast<char>(next))) return kReplacement;
    point = (point << 6U) | (next & 0x3FU);
  }
  at += static_cast<std::size_t>(following);
  return point;
}

void AppendUnit(std::uint32_t unit, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> static_cast<unsigned>(shift)) & 0xFU];
}

void AppendEscaped(std::uint32_t point, std::string& out) {
  switch (point) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default: break;
  }
  if (point < 0x10000) return AppendUnit(point, out);
  AppendUnit(0xD800U + ((point - 0x10000U) >> 10U), out);
  AppendUnit(0xDC00U + ((point - 0x10000U) & 0x3FFU), out);
}

void AppendPython(const Json& value, std::string& out) {
  if (value.is_string()) {
    out += '"';
    AppendAsciiEscaped(value.AsString(), out);
    out += '"';
  } else if (value.is_array()) {
    out += '[';
    for (const char* separator = ""; const Json& item : value.items()) {
      out += std::exchange(separator, ", ");
      AppendPython(item, out);
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    for (const char* separator = ""; const auto& [key, member] : value.members()) {
      out += std::exchange(separator, ", ");
      out += '"';
      AppendAsciiEscaped(key, out);
      out += "\": ";
      AppendPython(member, out);
    }
    out += '}';
  } else {
    value.AppendTo(out);
  }
}

}  // namespace

void AppendAsciiEscaped(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size();) {
    const auto next = static_cast<unsigned char>(text[at]);
    if (next >= 0x20 && next < 0x80 && next != '"' && next != '\\') {  // json.dumps leaves DEL as it is
      out += text[at++];
    } else {
      AppendEscaped(TakeCodePoint(text, at), out);
    }
  }
}

std::string DumpLikePython(const Json& value) {
  std::string out;
  AppendPython(value, out);
  return out;
}

}  // namespace xsweep
