// Escaping: foreign text is made safe to show.
// SPDX-License-Identifier: Apache-2.0
#include "base/escape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/characters.h"
#include "base/error.h"

namespace xsweep {
namespace {

bool IsControl(char32_t c) {
  const bool turns_direction =
      (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
  const bool breaks_line = c == 0x2028 || c == 0x2029;
  // XML has no way to write the last two.
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || turns_direction || breaks_line || c == 0xFFFE || c == 0xFFFF;
}

std::string Replaced(std::string_view text, std::string_view (*replacement)(char)) {
  std::string out;
  for (const char c : text) {
    const std::string_view other = replacement(c);
    if (other.empty()) {
      out += c;
    } else {
      out += other;
    }
  }
  return out;
}

std::string_view XmlEntity(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

bool IsWordCharacter(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  const auto c = static_cast<unsigned char>(text[at]);
  return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// Whether Markdown gives the character at `at` a meaning there. An underscore inside a word has none, a full stop only
/// after the number of a list or in "www.", a colon only in an address.
bool IsMark(std::string_view text, std::size_t at) {
  const char c = text[at];
  const bool first = text.find_first_not_of(' ') == at;
  if (std::string_view("\\`*[]|~$#").contains(c)) return true;
  if (c == '_') return at == 0 || !IsWordCharacter(text, at - 1) || !IsWordCharacter(text, at + 1);
  if (c == ':') return text.substr(at).starts_with("://");
  if (c == '.' && at >= 3 && text.substr(at - 3, 3).find_first_not_of("wW") == std::string_view::npos) return true;
  if (c == '.' || c == ')') return at > 0 && text.find_first_not_of("0123456789 ") == at;
  return first && std::string_view("+-=").contains(c);
}

std::size_t LongestRun(std::string_view text, char wanted) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == wanted ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

}  // namespace

std::string CleanText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [character, length] = FirstCharacter(text);
    if (IsControl(character)) {
      out += ' ';
    } else if (character == kReplacementCharacter) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string Shorten(std::string_view text, std::size_t columns) {
  CHECK(columns >= 3, "room for a character on each side");
  std::string clean = CleanText(text);
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < clean.size(); at += FirstCharacter(std::string_view(clean).substr(at)).second)
    starts.push_back(at);
  if (starts.size() <= columns) return clean;
  const std::size_t tail = (columns - 1) / 2;
  const std::size_t head = columns - 1 - tail;
  return clean.substr(0, starts[head]) + "…" + clean.substr(starts[starts.size() - tail]);
}

std::string MarkdownCode(std::string_view text) {
  const std::string clean = CleanText(text);
  if (clean.find_first_not_of(' ') == std::string::npos) return "–";
  const std::string fence(LongestRun(clean, '`') + 1, '`');
  // The padding is not shown; without it a backtick at either end would lengthen the fence.
  const bool pad = clean.starts_with('`') || clean.ends_with('`') || (clean.starts_with(' ') && clean.ends_with(' '));
  const std::string_view padding = pad ? " " : "";
  return fmt::format("{0}{1}{2}{1}{0}", fence, padding, clean);
}

std::string MarkdownCellCode(std::string_view text) {
  return Replaced(MarkdownCode(text), [](char c) { return c == '|' ? std::string_view("\\|") : std::string_view(); });
}

std::string MarkdownText(std::string_view text) {
  const std::string clean = CleanText(text);
  std::string out;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const char c = clean[i];
    if (c == '<' || c == '>' || c == '&') {
      out += XmlEntity(c);
      continue;
    }
    if (IsMark(clean, i)) out += '\\';
    out += c;
    // GitHub looks for mentions after the escapes are gone: a word joiner ends the name before it begins.
    if (c == '@') out += "\xE2\x81\xA0";
  }
  return out;
}

std::string XmlText(std::string_view text) { return Replaced(CleanText(text), XmlEntity); }

std::string GnuplotString(std::string_view text) {
  // gnuplot stumbles over a doubled apostrophe at the start and after another; as strings of their own they would let
  // macros in.
  std::string out = "'";
  bool doubled = true;
  for (const char c : CleanText(text)) {
    if (c == '\'') {
      out += doubled ? "’" : "''";
    } else {
      out += c;
    }
    doubled = c == '\'' && !doubled;
  }
  return out + "'";
}

std::string PythonString(std::string_view text) {
  std::string out = "\"";
  const std::string clean = CleanText(text);
  for (std::string_view rest = clean; !rest.empty();) {
    const auto [character, length] = FirstCharacter(rest);
    if (character == '"' || character == '\\') {
      out += {'\\', static_cast<char>(character)};
    } else if (character < 0x80) {
      out += static_cast<char>(character);
    } else {
      out += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(character));
    }
    rest.remove_prefix(length);
  }
  return out + '"';
}

}  // namespace xsweep
