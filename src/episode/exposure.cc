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
