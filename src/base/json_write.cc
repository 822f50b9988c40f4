// Json: written as text, byte for byte as Python's json writes it.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/json.h"

namespace xsweep {
namespace {

void AppendEscaped(unsigned char c, std::string& out) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u00";
  out += kHex[c >> 4U];
  out += kHex[c & 15U];
}

bool NeedsEscape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

using Bytes = unsigned char __attribute__((vector_size(16)));

/// Every byte of `bytes` that is below 0x20, a quote or a backslash as 0xff, all others as 0: the first eight bytes and
/// the last eight. Long texts have few escapes.
std::array<std::uint64_t, 2> EscapesIn(const Bytes& bytes) {
  return std::bit_cast<std::array<std::uint64_t, 2>>((bytes < 0x20) | (bytes == '"') | (bytes == '\\'));
}

/// The first byte at or after `from` that needs an escape; the size of `text` when there is none.
std::size_t FindEscape(std::string_view text, std::size_t from) {
  static_assert(std::endian::native == std::endian::little);
  for (; from + sizeof(Bytes) <= text.size(); from += sizeof(Bytes)) {
    Bytes bytes;
    std::memcpy(&bytes, text.data() + from, sizeof bytes);
    const auto [low, high] = EscapesIn(bytes);
    if ((low | high) == 0) continue;
    const int bits = low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(high);
    return from + static_cast<std::size_t>(bits) / 8;
  }
  while (from < text.size() && !NeedsEscape(static_cast<unsigned char>(text[from]))) ++from;
  return from;
}

void AppendInteger(std::int64_t value, std::string& out) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

void AppendPretty(const Json& value, int depth, std::string& out) {
  const auto line = [&](int level) { out.append(1, '\n').append(static_cast<std::size_t>(level) * 2, ' '); };
  if (value.size() == 0) return value.AppendTo(out);
  out += value.is_array() ? '[' : '{';
  bool first = true;
  const auto separate = [&] {
    if (!std::exchange(first, false)) out += ',';
    line(depth + 1);
  };
  if (value.is_array()) {
    for (const Json& item : value.items()) {
      separate();
      AppendPretty(item, depth + 1, out);
    }
  } else {
    for (const auto& [key, item] : value.members()) {
      separate();
      AppendJsonString(key, out);
      out += ": ";
      AppendPretty(item, depth + 1, out);
    }
  }
  line(depth);
  out += value.is_array() ? ']' : '}';
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t clean = 0;;) {
    const std::size_t end = FindEscape(text, clean);
    out.append(text, clean, end - clean);
    if (end == text.size()) break;
    AppendEscaped(static_cast<unsigned char>(text[end]), out);
    clean = end + 1;
  }
  out += '"';
}

void AppendJsonDouble(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[40];
  const double magnitude = std::fabs(value);
  // Python switches to the exponent form below 1e-4 and from 1e16 on.
  const bool plain = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  out += text;
  if (plain && text.find('.') == std::string_view::npos) out += ".0";
}

void Json::AppendTo(std::string& out) const {
  switch (kind_) {
    case Kind::kNull: out += "null"; return;
    case Kind::kBool: out += payload_.boolean ? "true" : "false"; return;
    case Kind::kInt: AppendInteger(payload_.integer, out); return;
    case Kind::kDouble: AppendJsonDouble(payload_.real, out); return;
    case Kind::kBigInt: out += AsDigits(); return;
    case Kind::kString: AppendJsonString(AsString(), out); return;
    default: break;
  }
  bool first = true;
  const auto separate = [&] {
    if (!std::exchange(first, false)) out += ',';
  };
  if (is_array()) {
    out += '[';
    for (const Json& item : items()) {
      separate();
      item.AppendTo(out);
    }
    out += ']';
    return;
  }
  out += '{';
  for (const auto& [key, item] : members()) {
    separate();
    AppendJsonString(key, out);
    out += ':';
    item.AppendTo(out);
  }
  out += '}';
}

std::string Json::Dump() const {
  std::string out;
  AppendTo(out);
  return out;
}

std::string Json::DumpPretty() const {
  std::string out;
  AppendPretty(*this, 0, out);
  out += '\n';
  return out;
}

}  // namespace xsweep
