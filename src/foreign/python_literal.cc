// ParsePythonLiteral: a dict, list or value as Python's repr prints it, read as JSON.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/python_literal.h"

#include <string>

#include "base/text.h"

namespace xsweep {
namespace {

constexpr int kDeepest = 64;

void AppendUtf8(std::uint32_t code, std::string& out) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) return byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F));
  if (code < 0x10000) return byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F));
  byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 0x3F)), byte(0x80 | (code >> 6 & 0x3F)),
      byte(0x80 | (code & 0x3F));
}

/// A recursive descent over the text; every function leaves `at_` behind what it read.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  std::optional<Json> Whole() {
    auto value = Value(0);
    return value && Peek() == '\0' && at_ == text_.size() ? value : std::nullopt;
  }

 private:
  char Peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  std::optional<Json> Value(int depth) {
    if (depth > kDeepest) return std::nullopt;
    const char c = Peek();
    if (c == '{') return Dict(depth);
    if (c == '[' || c == '(') return List(c == '[' ? ']' : ')', depth);
    if (c == '\'' || c == '"') return Text();
    return Word();
  }
  std::optional<Json> Dict(int depth) {
    ++at_;
    Json object = Json::MakeObject();
    while (!Take('}')) {
      const char quote = Peek();
      if (quote != '\'' && quote != '"') return std::nullopt;
      const auto key = Text();
      if (!key || !Take(':')) return std::nullopt;
      auto value = Value(depth + 1);
      if (!value) return std::nullopt;
      object.Set(key->AsString(), std::move(*value));
      if (!Take(',') && Peek() != '}') return std::nullopt;
    }
    return object;
  }
  std::optional<Json> List(char close, int depth) {
    ++at_;
    Json list = Json::MakeArray();
    while (!Take(close)) {
      auto value = Value(depth + 1);
      if (!value) return std::nullopt;
      list.Append(std::move(*value));
      if (!Take(',') && Peek() != close) return std::nullopt;
    }
    return list;
  }
  std::optional<Json> Text() {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] != '\\') {
        out += text_[at_++];
      } else if (!Escape(out)) {
        return std::nullopt;
      }
    }
    if (at_ >= text_.size()) return std::nullopt;
    ++at_;
    if (FindInvalidUtf8(out)) return std::nullopt;
    return Json(std::move(out));
  }
  bool Escape(std::string& out) {
    if (at_ + 1 >= text_.size()) return false;
    const char kind = text_[at_ + 1];
    at_ += 2;
    const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    if (digits > 0) return Code(digits, out);
    constexpr std::string_view kFrom = "ntr'\"\\", kTo = "\n\t\r'\"\\";
    const auto place = kFrom.find(kind);
    if (place == std::string_view::npos) return false;
    out += kTo[place];
    return true;
  }
  bool Code(std::size_t digits, std::string& out) {
    std::uint32_t code = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at_) {
      constexpr std::string_view kHex = "0123456789abcdef";
      const std::string digit = at_ < text_.size() ? AsciiLower(text_.substr(at_, 1)) : std::string("?");
      const auto value = kHex.find(digit);
      if (value == std::string_view::npos) return false;
      code = code << 4U | static_cast<std::uint32_t>(value);
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    AppendUtf8(code, out);
    return true;
  }
  std::optional<Json> Word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::string_view(",:]})( \n\t\r").find(text_[at_]) == std::string_view::npos) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "True") return Json(true);
    if (word == "False") return Json(false);
    if (word == "None") return Json();
    auto number = Json::Parse(word);
    return number && number->is_number() ? std::optional(std::move(*number)) : std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Json> ParsePythonLiteral(std::string_view text) { return LiteralReader(text).Whole(); }

}  // namespace xsweep
