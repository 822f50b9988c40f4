// Text helpers: suggestions, strict numbers, UTF-8, text made fit for messages.
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include "base/characters.h"

namespace xsweep {

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::optional<std::string> ClosestName(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongestName = 200;  // keeps a hostile key from costing time
  if (name.empty() || name.size() > kLongestName) return std::nullopt;
  std::size_t best = std::max<std::size_t>(1, (name.size() + 1) / 3) + 1;
  std::optional<std::string> closest;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > name.size() + best || name.size() > candidate.size() + best) continue;
    const std::size_t distance = EditDistance(name, candidate);
    if (distance < best) best = distance, closest = candidate;
  }
  return closest;
}

std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates, std::string_view label) {
  if (const auto closest = ClosestName(name, candidates)) return fmt::format(", did you mean `{}`?", *closest);
  return candidates.empty() || label.empty() ? "" : fmt::format("; {}: {}", label, Join(candidates, ", "));
}

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::optional<std::uint64_t> ParseUnsigned(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = std::to_address(text.end());
  const auto [stop, code] = std::from_chars(std::to_address(text.begin()), end, value);
  if (text.empty() || code != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> ParseNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* const end = std::to_address(text.end());
  const auto [stop, code] = std::from_chars(std::to_address(text.begin()), end, value);
  if (text.empty() || code != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::size_t> FindInvalidUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = CharacterLength(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::string Printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = CharacterLength(text, at);
    const auto first = static_cast<unsigned char>(text[at]);
    // U+0080 to U+009F are controls of two bytes, C2 80 to C2 9F.
    const bool control = first == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    const bool odd = length == 0 || first < 0x20 || first == 0x7F || control;
    const std::string piece = control ? fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at + 1]))
                              : odd   ? fmt::format("\\x{:02x}", first)
                                      : std::string(text.substr(at, length));
    if (out.size() + piece.size() > limit) return out + "...";
    out += piece;
    at += std::max<std::size_t>(1, length);
  }
  return out;
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  for (;;) {
    const std::size_t end = text.find(separator);
    pieces.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::size_t ColumnsOf(std::string_view text) { return Characters(text); }

std::string Wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string lines;
  std::size_t column = indent;
  for (const std::string& word : Split(text, ' ')) {
    if (word.empty()) continue;
    const std::size_t columns = ColumnsOf(word);
    const bool first = column == indent;
    if (!first && column + 1 + columns > width) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += columns;
  }
  return lines;
}

std::string WithThousands(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

}  // namespace xsweep
