// LogRow: a trial's row as it stands in a shard log.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/log_row.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/hash.h"
#include "record/logs/row_keys.h"

namespace xsweep {
namespace {

constexpr std::string_view kKey = ",\"log\":\"";
constexpr std::size_t kDigits = 8;
constexpr std::string_view kMarkEnd = "\"}\n";
constexpr std::size_t kMarkSize = kKey.size() + 1 + kDigits + kMarkEnd.size();

std::array<char, kDigits> Digits(std::string_view covered) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::uint64_t hash = Hash64(covered);
  std::array<char, kDigits> digits;
  for (char& digit : digits) {
    digit = kHex[hash & 15U];
    hash >>= 4U;
  }
  return digits;
}

bool HasMark(std::string_view line) {
  return line.size() > kMarkSize && line.ends_with(kMarkEnd) && line.substr(line.size() - kMarkSize).starts_with(kKey);
}

/// A row begins with its index, ends with its error, and JSON has no control characters. A row whose mark is damaged
/// ends in what is left of the mark and does not pass for one that never had any.
bool LooksWhole(std::string_view line) {
  const bool ends = line.ends_with(std::string_view(row_keys::kNoError).substr(1)) || line.ends_with("\"}}\n");
  if (!line.starts_with(row_keys::kIndex) || !ends) return false;
  line.remove_suffix(1);
  return std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace

void AppendLogRow(const Trial& trial, bool transcript_kept, std::string& out) {
  const std::size_t start = out.size();
  AppendTrialRow(trial, out);
  out.resize(out.size() - 2);  // the closing brace and the newline
  out += kKey;
  out += transcript_kept ? 't' : '-';
  const auto digits = Digits(std::string_view(out).substr(start));
  out.append(digits.data(), digits.size());
  out += kMarkEnd;
}

LogRow ReadLogRow(std::string_view line) {
  if (!HasMark(line)) return {.whole = LooksWhole(line)};
  const std::size_t covered = line.size() - kMarkEnd.size() - kDigits;
  const auto digits = Digits(line.substr(0, covered));
  const bool same = line.substr(covered, kDigits) == std::string_view(digits.data(), digits.size());
  return {.whole = same, .marked = same, .transcript = same && line[covered - 1] == 't'};
}

std::optional<std::uint64_t> RowIndex(std::string_view row) {
  constexpr std::string_view kStart = row_keys::kIndex;
  if (!row.starts_with(kStart)) return std::nullopt;
  std::uint64_t index = 0;
  const char* begin = row.data() + kStart.size();
  const auto [end, code] = std::from_chars(begin, row.data() + row.size(), index);
  if (code != std::errc() || end == row.data() + row.size() || *end != ',') return std::nullopt;
  return index;
}

std::string_view WithoutMark(std::string_view line, std::string& storage) {
  if (!HasMark(line)) return line;
  storage.assign(line.substr(0, line.size() - kMarkSize));
  storage += "}\n";
  return storage;
}

}  // namespace xsweep
