// What Python's json.loads takes for JSON.
// SPDX-License-Identifier: Apache-2.0
#include "python/json_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <vector>

namespace xsweep {
namespace {

constexpr int kMaxDepth = 256;
constexpr std::size_t kMaxDigits = 4'300;  // CPython's own limit on an integer's text

void AppendUtf8(std::uint32_t point, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0U | (point >> 6U));
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0U | (point >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (point >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Recursive descent over a text that Json::Parse has refused. Every reader returns nothing at a fault.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Json> Document() {
    auto value = Value(0);
    Space();
    return at_ == text_.size() ? value : std::nullopt;
  }

 private:
  void Space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool Take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  std::optional<Json> Value(int depth) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (depth > kMaxDepth) return std::nullopt;
    Space();
    if (Take("{")) return Object(depth);
    if (Take("[")) return Array(depth);
    if (Take("\"")) return String();
    if (Take("null")) return Json();
    if (Take("true")) return Json(true);
    if (Take("false")) return Json(false);
    if (Take("NaN")) return Json(std::numeric_limits<double>::quiet_NaN());
    if (Take("Infinity")) return Json(kInfinity);
    if (Take("-Infinity")) return Json(-kInfinity);
    return Number();
  }

  std::optional<Json> Object(int depth) {
    Json object = Json::MakeObject();
    Space();
    if (Take("}")) return object;
    do {
      Space();
      if (!Take("\"")) return std::nullopt;
      const auto key = String();
      Space();
      if (!key || !Take(":")) return std::nullopt;
      auto value = Value(depth + 1);
      if (!value) return std::nullopt;
      object.Set(key->AsString(), std::move(*value));
      Space();
    } while (Take(","));
    return Take("}") ? std::optional(std::move(object)) : std::nullopt;
  }

  std::optional<Json> Array(int depth) {
    Json array = Json::MakeArray();
    Space();
    if (Take("]")) return array;
    do {
      auto value = Value(depth + 1);
      if (!value) return std::nullopt;
      array.Append(std::move(*value));
      Space();
    } while (Take(","));
    return Take("]") ? std::optional(std::move(array)) : std::nullopt;
  }

  std::optional<std::uint32_t> Hex() {
    std::uint32_t unit = 0;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (digits.size() != 4 || code != std::errc() || end != digits.data() + 4 || digits[0] == '-') return std::nullopt;
    at_ += 4;
    return unit;
  }

  bool Escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (at_ == text_.size()) return false;
    const char letter = text_[at_++];
    if (letter != 'u') {
      const auto which = kLetters.find(letter);
      if (which == std::string_view::npos) return false;
      out += kMeanings[which];
      return true;
    }
    auto point = Hex();
    if (!point) return false;
    const std::size_t after = at_;
    if (*point >= 0xD800 && *point < 0xDC00 && Take("\\u")) {
      const auto low = Hex();
      const bool pair = low && *low >= 0xDC00 && *low < 0xE000;
      if (pair) point = 0x10000U + ((*point - 0xD800U) << 10U) + (*low - 0xDC00U);
      if (!pair) at_ = after;
    }
    AppendUtf8(*point, out);
    return true;
  }

  std::optional<Json> String() {
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return Json(std::move(out));
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      if (c != '\\') {
        out += c;
      } else if (!Escape(out)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  std::size_t Digits() {
    const std::size_t from = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ - from;
  }

  std::optional<Json> Number() {
    const std::size_t from = at_;
    Take("-");
    const bool zero = text_.substr(at_).starts_with('0');
    const std::size_t whole = Digits();
    if (whole == 0 || (zero && whole > 1)) return std::nullopt;
    bool real = false;
    if (Take(".")) {
      real = true;
      if (Digits() == 0) return std::nullopt;
    }
    if (Take("e") || Take("E")) {
      real = true;
      if (!Take("+")) Take("-");
      if (Digits() == 0) return std::nullopt;
    }
    const std::string token(text_.substr(from, at_ - from));
    if (real) return Json(std::strtod(token.c_str(), nullptr));
    return whole > kMaxDigits ? std::nullopt : std::optional(Json::MakeInteger(token));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Expected<Json> ParsePythonJson(std::string_view text, const std::string& where) {
  auto strict = Json::Parse(text, where);
  if (strict) return strict;
  auto value = Reader(text).Document();
  return value ? Expected<Json>(std::move(*value)) : strict;
}

}  // namespace xsweep
