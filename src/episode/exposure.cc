// Exposure: has the payload reached what the agent is really shown?
// SPDX-License-Identifier: Apache-2.0
#include "episode/exposure.h"

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
