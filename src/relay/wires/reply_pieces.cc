// What replies of all three wires are put together from.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/reply_pieces.h"

#include <fmt/format.h>

#include "base/characters.h"
#include "base/hash.h"

namespace xsweep {

constexpr std::size_t kPiece = 24;  ///< bytes of text in one event

std::string SeededWord(std::string_view seed, std::string_view what, std::size_t length) {
  constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  for (std::uint64_t round = 0; out.size() < length; ++round) {
    std::uint64_t bits = Hash64(fmt::format("{}\n{}", seed, what), round);
    for (int i = 0; i < 10 && out.size() < length; ++i, bits /= 62) out += kLetters[bits % 62];
  }
  return out;
}

std::string SeededHex(std::string_view seed, std::string_view what) {
  std::string out;
  for (std::uint64_t round = 0; round < 3; ++round)
    out += fmt::format("{:016x}", Hash64(fmt::format("{}\n{}", seed, what), round));
  return out;
}

std::vector<std::string> TextPieces(std::string_view text) {
  std::vector<std::string> pieces;
  while (text.size() > kPiece) {
    std::size_t end = WholeCharacters(text, kPiece).size();
    if (end == 0) end = kPiece;
    pieces.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  pieces.emplace_back(text);
  return pieces;
}

std::string ArgumentsText(const ToolCall& call) {
  return call.arguments.is_string() ? call.arguments.AsString() : call.arguments.Dump();
}

Json WithMember(Json object, std::string_view key, Json value) {
  object.Set(key, std::move(value));
  return object;
}

}  // namespace xsweep
