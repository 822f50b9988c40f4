// Values as Python prints them: json.dumps, str, repr and round.
// SPDX-License-Identifier: Apache-2.0
#include "python/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "python/printable.h"

namespace xsweep {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

struct CodePoint {
  std::uint32_t value;
  std::size_t size;  ///< bytes in UTF-8, at least 1
};

// The text is UTF-8 already (Json::Parse refuses anything else); a stray byte is taken as Latin-1.
CodePoint Decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i) { return static_cast<std::uint32_t>(byte(at + i)) & 0x3FU; };
  const std::uint32_t lead = byte(at);
  const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size == 1 || at + size > text.size()) return {lead, 1};
  if (size == 2) return {(lead & 0x1FU) << 6U | tail(1), 2};
  if (size == 3) return {(lead & 0x0FU) << 12U | tail(1) << 6U | tail(2), 3};
  return {(lead & 0x07U) << 18U | tail(1) << 12U | tail(2) << 6U | tail(3), 4};
}

void AppendHex(std::uint32_t value, int digits, std::string& out) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kHex[(value >> shift) & 15U];
}

constexpr std::array<bool, 256> kCleanInJson = [] {
  std::array<bool, 256> clean{};
  for (int c = 0x20; c < 0x7F; ++c) clean[static_cast<std::size_t>(c)] = c != '"' && c != '\\';
  return clean;
}();

void AppendJsonEscape(std::uint32_t c, std::string& out) {
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
  const auto unit = [&](std::uint32_t value) {
    out += "\\u";
    AppendHex(value, 4, out);
  };
  if (c < 0x10000) return unit(c);
  unit(0xD800U + ((c - 0x10000U) >> 10U));
  unit(0xDC00U + ((c - 0x10000U) & 0x3FFU));
}

void AppendReprEscape(std::uint32_t c, std::string& out) {
  switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U";
  AppendHex(c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8, out);
}

void AppendDecimal(std::int64_t value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void AppendJsonFloat(double value, std::string& out) {
  if (std::isfinite(value)) return AppendJsonDouble(value, out);
  out += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

// Writes `open a, b, c close`, each element by `append`.
template <class Range, class Append>
void AppendList(const Range& range, std::string_view brackets, std::string& out, Append append) {
  out += brackets[0];
  bool first = true;
  for (const auto& element : range) {
    if (!std::exchange(first, false)) out += ", ";
    append(element);
  }
  out += brackets[1];
}

void AppendJsonMember(std::string_view key, const Json& value, KeyOrder order, std::string& out) {
  AppendPythonJsonString(key, out);
  out += ": ";
  AppendPythonJson(value, out, order);
}

void AppendJsonObject(const std::vector<Json::Member>& members, KeyOrder order, std::string& out) {
  const bool ordered = order == KeyOrder::kInsertion || std::ranges::is_sorted(members, {}, &Json::Member::first);
  if (ordered) {
    return AppendList(members, "{}", out,
                      [&](const Json::Member& m) { AppendJsonMember(m.first, m.second, order, out); });
  }
  std::vector<const Json::Member*> sorted;
  sorted.reserve(members.size());
  for (const Json::Member& member : members) sorted.push_back(&member);
  std::ranges::sort(sorted, {}, [](const Json::Member* m) -> const std::string& { return m->first; });
  AppendList(sorted, "{}", out, [&](const Json::Member* m) { AppendJsonMember(m->first, m->second, order, out); });
}

}  // namespace

void AppendPythonJsonString(std::string_view text, std::string& out) {
  out += '"';
  std::size_t clean = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (kCleanInJson[static_cast<unsigned char>(text[i])]) {
      ++i;
      continue;
    }
    out.append(text, clean, i - clean);
    const CodePoint point = Decode(text, i);
    AppendJsonEscape(point.value, out);
    clean = i += point.size;
  }
  out.append(text, clean);
  out += '"';
}

void AppendPythonJson(const Json& value, std::string& out, KeyOrder order) {
  switch (value.kind()) {
    case Json::Kind::kNull: out += "null"; return;
    case Json::Kind::kBool: out += value.AsBool() ? "true" : "false"; return;
    case Json::Kind::kInt: return AppendDecimal(value.AsInt(), out);
    case Json::Kind::kDouble: return AppendJsonFloat(value.AsDouble(), out);
    case Json::Kind::kBigInt: out += value.AsDigits(); return;
    case Json::Kind::kString: return AppendPythonJsonString(value.AsString(), out);
    case Json::Kind::kArray:
      return AppendList(value.items(), "[]", out, [&](const Json& item) { AppendPythonJson(item, out, order); });
    case Json::Kind::kObject: return AppendJsonObject(value.members(), order, out);
  }
}

void AppendPythonFloat(double value, std::string& out) {
  if (std::isfinite(value)) return AppendJsonDouble(value, out);
  out += std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

void AppendPythonReprString(std::string_view text, std::string& out) {
  const bool single = text.find('\'') == std::string_view::npos;
  const char quote = single || text.find('"') != std::string_view::npos ? '\'' : '"';
  out += quote;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = Decode(text, i);
    if (point.value == static_cast<unsigned char>(quote) || point.value == '\\') {
      out += '\\';
      out += static_cast<char>(point.value);
    } else if (IsPythonPrintable(point.value)) {
      out.append(text, i, point.size);
    } else {
      AppendReprEscape(point.value, out);
    }
    i += point.size;
  }
  out += quote;
}

void AppendPythonRepr(const Json& value, std::string& out) {
  switch (value.kind()) {
    case Json::Kind::kNull: out += "None"; return;
    case Json::Kind::kBool: out += value.AsBool() ? "True" : "False"; return;
    case Json::Kind::kInt: return AppendDecimal(value.AsInt(), out);
    case Json::Kind::kDouble: return AppendPythonFloat(value.AsDouble(), out);
    case Json::Kind::kBigInt: out += value.AsDigits(); return;
    case Json::Kind::kString: return AppendPythonReprString(value.AsString(), out);
    case Json::Kind::kArray:
      return AppendList(value.items(), "[]", out, [&](const Json& item) { AppendPythonRepr(item, out); });
    case Json::Kind::kObject:
      return AppendList(value.members(), "{}", out, [&](const Json::Member& member) {
        AppendPythonReprString(member.first, out);
        out += ": ";
        AppendPythonRepr(member.second, out);
      });
  }
}

void AppendPythonStr(const Json& value, std::string& out) {
  if (value.is_string()) {
    out += value.AsString();
  } else {
    AppendPythonRepr(value, out);
  }
}

std::string PythonJson(const Json& value, KeyOrder order) {
  std::string out;
  if (value.is_array() || value.is_object()) out.reserve(1024);  // a record of either desk, in one allocation
  AppendPythonJson(value, out, order);
  return out;
}
std::string PythonRepr(const Json& value) {
  std::string out;
  AppendPythonRepr(value, out);
  return out;
}
std::string PythonStr(const Json& value) {
  std::string out;
  AppendPythonStr(value, out);
  return out;
}

double RoundToCents(double value) {
  // From 2^52 on a double is a whole number; also keeps nan and infinities out of the printing below.
  if (!(std::fabs(value) < 4503599627370496.0)) return value;
  char buffer[40];
  const char* end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 2).ptr;
  double rounded = 0;
  std::from_chars(buffer, end, rounded);
  return rounded;
}

}  // namespace xsweep
