// JsonSlices: the parts of a big JSON text as texts of their own.
// SPDX-License-Identifier: Apache-2.0
#include "base/json_slices.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/wire_text.h"

namespace xsweep {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// Walks over a text; `at` never goes beyond its end.
class Walker {
 public:
  Walker(std::string_view text, const std::string& where) : text_(text), where_(where) {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }
  std::unexpected<Error> Fault(std::string_view what) const {
    return UserError(what, fmt::format("{}:{}", where_, LineAt(text_, at_)));
  }
  char Peek() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  /// Nothing but white space is left.
  Status End() {
    if (Peek() == '\0') return {};
    return Fault("goes on behind its end, as two files do that were joined");
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  std::size_t at() const { return at_; }
  std::string_view From(std::size_t begin) const { return text_.substr(begin, at_ - begin); }

  /// Behind the closing quote of the string that begins here.
  Status SkipString() {
    for (++at_; at_ < text_.size(); ++at_) {
      const auto next = text_.find_first_of("\"\\", at_);
      if (next == std::string_view::npos) break;
      at_ = next;
      if (text_[at_] == '"') {
        ++at_;
        return {};
      }
      ++at_;  // whatever is escaped
    }
    at_ = text_.size();
    return Fault("ends inside a string");
  }
  /// Behind the value that begins here.
  Status SkipValue() {
    std::size_t depth = 0;
    if (Peek() == '\0') return Fault("ends where a value should stand");
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        TRY(SkipString());
        if (depth == 0) return {};
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) return {};
        --depth;
        ++at_;
        if (depth == 0) return {};
        continue;
      }
      if (depth == 0 && (c == ',' || IsSpace(c))) return {};
      // Inside a bracket only these decide anything.
      const auto next = depth == 0 ? at_ + 1 : std::min(text_.find_first_of("\"{}[]", at_ + 1), text_.size());
      at_ = next;
    }
    return depth == 0 ? Status() : Status(Fault("ends before its last bracket is closed"));
  }

 private:
  std::string_view text_;
  const std::string& where_;
  std::size_t at_ = 0;
};

/// NaN, Infinity and half surrogates, outside and inside strings, replaced by what JSON has.
std::string Repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool inside = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (inside && rest[0] == '\\' && rest.size() >= 6 && (rest[1] == 'u')) {
      const std::string code = AsciiLower(rest.substr(2, 4));
      const bool high = code[0] == 'd' && (code[1] == '8' || code[1] == '9' || code[1] == 'a' || code[1] == 'b');
      const bool low = code[0] == 'd' && code[1] >= 'c' && code[1] <= 'f';
      const bool pair = high && rest.size() >= 12 && rest.substr(6, 2) == "\\u" && (rest[8] == 'd' || rest[8] == 'D') &&
                        AsciiLower(rest.substr(9, 1))[0] >= 'c' && AsciiLower(rest.substr(9, 1))[0] <= 'f';
      const std::size_t taken = pair ? 12 : 6;
      out += (high && !pair) || low ? std::string_view("\\ufffd") : rest.substr(0, taken);
      i += taken;
      continue;
    }
    if (inside && rest[0] == '\\') {
      out += rest.substr(0, 2);
      i += 2;
      continue;
    }
    if (rest[0] == '"') inside = !inside;
    bool word = false;
    for (const std::string_view name : {"NaN", "-Infinity", "Infinity"}) {
      if (inside || word || !rest.starts_with(name)) continue;
      out += "null";
      i += name.size();
      word = true;
    }
    if (word) continue;
    out += rest[0];
    ++i;
  }
  return out;
}

}  // namespace

Status ForEachElement(std::string_view text, const std::string& where, const SliceVisitor& visit) {
  Walker walker(text, where);
  if (!walker.Take('[')) return walker.Fault("is no JSON array");
  if (walker.Take(']')) return walker.End();
  while (true) {
    walker.Peek();
    const std::size_t begin = walker.at();
    TRY(walker.SkipValue());
    if (walker.at() == begin) return walker.Fault("has a comma or bracket where a value should stand");
    TRY(visit(walker.From(begin), begin));
    if (walker.Take(']')) return walker.End();
    if (!walker.Take(',')) return walker.Fault("has no comma or bracket after a value");
  }
}

Status ForEachMember(std::string_view text, const std::string& where, const MemberVisitor& visit) {
  Walker walker(text, where);
  if (!walker.Take('{')) return walker.Fault("is no JSON object");
  if (walker.Take('}')) return walker.End();
  while (true) {
    if (walker.Peek() != '"') return walker.Fault("has no key where one should stand");
    const std::size_t key_begin = walker.at();
    TRY(walker.SkipString());
    std::string_view key = walker.From(key_begin);
    key = key.substr(1, key.size() - 2);
    if (!walker.Take(':')) return walker.Fault("has a key without a colon");
    walker.Peek();
    const std::size_t begin = walker.at();
    TRY(walker.SkipValue());
    if (walker.at() == begin) return walker.Fault("has a key without a value");
    TRY(visit(key, walker.From(begin), begin));
    if (walker.Take('}')) return walker.End();
    if (!walker.Take(',')) return walker.Fault("has no comma or bracket after a member");
  }
}

char FirstOf(std::string_view text) {
  text = WithoutByteOrderMark(text);
  const auto found = std::ranges::find_if_not(text, IsSpace);
  return found == text.end() ? '\0' : *found;
}

std::size_t LineAt(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  return static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
}

Expected<Json> ParseLogJson(std::string_view text, std::string_view where) {
  text = WithoutByteOrderMark(text);
  auto parsed = Json::Parse(text, where);
  if (parsed) return parsed;
  const std::string repaired = Repaired(text);
  if (auto again = repaired == text ? std::move(parsed) : Json::Parse(repaired, where); again)
    return again;
  else
    return UserError(again.error().message, where);
}

}  // namespace xsweep
