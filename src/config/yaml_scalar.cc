// What a plain YAML scalar means, and how a value is written as YAML that means the same.
// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>

#include "base/text.h"

namespace xsweep {
namespace {

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<Json> PrefixedInteger(std::string_view text) {
  const int base = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 0;
  if (base == 0) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data() + 2, end, value, base);
  if (text.size() < 3 || code != std::errc() || stop != end) return std::nullopt;
  return Json(value);
}

std::optional<Json> Float(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (IsOneOf(rest, {".inf", ".Inf", ".INF"})) return Json(text.starts_with('-') ? -kInfinity : kInfinity);
  if (IsOneOf(text, {".nan", ".NaN", ".NAN"})) return Json(std::numeric_limits<double>::quiet_NaN());
  if (rest.empty() || !(std::isdigit(static_cast<unsigned char>(rest[0])) || rest[0] == '.')) return std::nullopt;
  double value = 0;
  const char* const end = std::to_address(rest.end());
  const auto [stop, code] = std::from_chars(std::to_address(rest.begin()), end, value);
  if (stop != end) return std::nullopt;
  if (code == std::errc::result_out_of_range) return Json(kInfinity);  // refused as not finite, never rounded silently
  if (code != std::errc()) return std::nullopt;
  return Json(text.starts_with('-') ? -value : value);
}

/// Text that needs no quotes: it starts like a word, holds nothing that YAML reads as punctuation, and is not typed.
bool IsPlain(std::string_view text) {
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '_')) return false;
  if (!std::ranges::all_of(text, [&](char c) { return word(c) || c == '.' || c == '-' || c == '/'; })) return false;
  return !IsOneOf(AsciiLower(text), {"y", "n", "yes", "no", "on", "off", "true", "false", "null"});
}

void AppendText(std::string_view text, std::string& out) {
  if (IsPlain(text)) {
    out += text;
    return;
  }
  std::string quoted;
  AppendJsonString(text, quoted);
  for (const char c : quoted) {  // JSON leaves DEL as it is; a config may not hold it
    if (c == '\x7F')
      out += "\\x7f";
    else
      out += c;
  }
}

void AppendFlow(const Json& value, std::string& out) {
  if (value.is_string()) return AppendText(value.AsString(), out);
  if (value.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ", ";
      AppendFlow(value.items()[i], out);
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : value.members()) {
      if (!first) out += ", ";
      first = false;
      AppendText(key, out);
      out += ": ";
      AppendFlow(member, out);
    }
    out += '}';
  } else {
    value.AppendTo(out);
  }
}

}  // namespace

Json TypedScalar(std::string_view text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (IsOneOf(text, {"true", "True", "TRUE"})) return true;
  if (IsOneOf(text, {"false", "False", "FALSE"})) return false;
  if (auto integer = PrefixedInteger(text)) return *integer;
  const bool sign = text.starts_with('-') || text.starts_with('+');
  if (AllDigits(text.substr(sign ? 1 : 0))) return Json::MakeInteger(text.starts_with('+') ? text.substr(1) : text);
  if (auto number = Float(text)) return *number;
  return std::string(text);
}

std::string FlowYaml(const Json& value) {
  std::string out;
  AppendFlow(value, out);
  return out;
}

}  // namespace xsweep
