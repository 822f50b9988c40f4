// Exposure: has the payload reached what the agent is really shown?
// SPDX-License-Identifier: Apache-2.0
#include "episode/exposure.h"

#include <algorithm>
#include <vector>

#include "base/json.h"
#include "python/json_text.h"

namespace xsweep {
namespace {

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string InsideJson(std::string_view text) {
  std::string quoted;
  AppendJsonString(text, quoted);
  return quoted.substr(1, quoted.size() - 2);
}

// What is left when lines are folded, blanks squeezed, quotes doubled and characters escaped: "\n" goes as a whole.
std::string Letters(std::string_view text) {
  std::string letters;
  letters.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if (next == '\\') {
      ++i;
    } else if (next >= 0x80 || (next >= '0' && next <= '9') || (next >= 'a' && next <= 'z') ||
               (next >= 'A' && next <= 'Z')) {
      letters += text[i];
    }
  }
  return letters;
}

std::string InsidePythonJson(std::string_view text) {
  std::string escaped;
  AppendAsciiEscaped(text, escaped);
  return escaped;
}

constexpr std::size_t kMostRuns = 64;

std::vector<std::string_view> WordsOf(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlanks = " \t\n\r";
  std::size_t at = 0;
  while ((at = text.find_first_not_of(kBlanks, at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

}  // namespace

bool Carries(std::string_view shown, std::string_view inserted) {
  if (inserted.empty()) return false;
  if (Contains(shown, inserted)) return true;
  const std::string plain = InsideJson(inserted);
  const std::string ascii = InsidePythonJson(inserted);
  if (Contains(shown, plain) || Contains(shown, ascii)) return true;
  if (!Contains(shown, kDataMark)) return false;
  return Contains(shown, MarkBlanks(inserted)) || Contains(shown, MarkBlanks(plain)) ||
         Contains(shown, MarkBlanks(ascii));
}

bool CarriesFolded(std::string_view shown, std::string_view inserted) {
  const std::string part = Letters(inserted);
  return !part.empty() && Contains(Letters(shown), part);
}

bool CarriesPart(std::string_view shown, std::string_view inserted) {
  const std::vector<std::string_view> words = WordsOf(inserted);
  if (words.empty()) return false;
  const std::size_t run = std::min<std::size_t>(3, words.size() < 3 ? 1 : 3);
  const std::size_t runs = words.size() - run + 1;
  const std::size_t step = std::max<std::size_t>(1, runs / kMostRuns);
  std::size_t looked = 0;
  std::size_t found = 0;
  for (std::size_t i = 0; i < runs; i += step, ++looked) {
    const char* const begin = words[i].data();
    const std::string_view& last = words[i + run - 1];
    found += Carries(shown, {begin, static_cast<std::size_t>(last.data() + last.size() - begin)}) ? 1 : 0;
  }
  return 4 * found >= looked;
}

std::string MarkBlanks(std::string_view text) {
  std::string marked;
  for (const char next : text) {
    if (next == ' ' || next == '\t' || next == '\n' || next == '\r') {
      marked += kDataMark;
    } else {
      marked += next;
    }
  }
  return marked;
}

}  // namespace xsweep
