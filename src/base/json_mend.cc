// Mending JSON character by character.
// SPDX-License-Identifier: Apache-2.0
#include "base/json_mend.h"

#include <fmt/format.h>

#include "base/characters.h"

namespace xsweep {
namespace {

constexpr std::string_view kBroken = "\xEF\xBF\xBD";  // U+FFFD

/// The code unit of "\uXXXX" at `at`, or -1.
int CodeUnit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool IsHigh(int unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLow(int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

class Mender {
 public:
  explicit Mender(std::string_view text) : text_(text) { out_.reserve(text.size() + text.size() / 16); }

  std::string Mend() {
    bool inside = false;
    while (at_ < text_.size()) {
      const char next = text_[at_];
      if (next == '"') inside = !inside;
      if (!inside || next == '"') {
        inside || next == '"' ? Copy(1) : Outside();
      } else {
        Inside(next);
      }
    }
    return std::move(out_);
  }

 private:
  void Copy(std::size_t count) {
    out_ += text_.substr(at_, count);
    at_ += count;
  }
  void Replace(std::size_t count, std::string_view by) {
    out_ += by;
    at_ += count;
  }

  void Outside() {
    for (const std::string_view word : {"-Infinity", "Infinity", "NaN"}) {
      if (text_.substr(at_).starts_with(word)) return Replace(word.size(), "null");
    }
    Copy(1);
  }

  void Inside(char next) {
    const auto code = static_cast<unsigned char>(next);
    if (next == '\\') return Escape();
    if (code < 0x20U) return Replace(1, fmt::format("\\u{:04x}", code));
    if (code < 0x80U) return Copy(1);
    const std::size_t length = CharacterLength(text_, at_);
    length > 0 ? Copy(length) : Replace(1, kBroken);
  }

  void Escape() {
    if (at_ + 1 >= text_.size()) return Copy(1);
    const char what = text_[at_ + 1];
    if (what != 'u') {
      if (std::string_view("\"\\/bfnrt").find(what) != std::string_view::npos) return Copy(2);
      ++at_;  // the backslash goes; what it stood before is looked at like any other character
      return;
    }
    const int unit = CodeUnit(text_, at_);
    if (unit < 0) return Replace(2, kBroken);
    if (IsHigh(unit) && IsLow(CodeUnit(text_, at_ + 6))) return Copy(12);
    if (IsHigh(unit) || IsLow(unit)) return Replace(6, kBroken);
    Copy(6);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string MendJson(std::string_view text) { return Mender(text).Mend(); }

Expected<Json> ParseMended(std::string_view text) {
  Expected<Json> strict = Json::Parse(text);
  if (strict) return strict;
  if (Expected<Json> mended = Json::Parse(MendJson(text))) return mended;
  return strict;
}

}  // namespace xsweep
