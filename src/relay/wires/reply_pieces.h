// What replies of all three wires are put together from.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "episode/model.h"
#include "relay/wires/ask.h"

namespace xsweep {

/// What a reply stands in. Everything about it is a function of these, so the same ask gives the same bytes.
struct ReplyFrame {
  std::string seed;                       ///< what its ids are made from
  std::string model;                      ///< as the request names it
  const std::vector<OfferedTool>* tools;  ///< as they were offered: a call of Responses repeats its tool's namespace
  bool usage_chunk = false;
};

/// The type of an event of a streamed reply, and its data.
using ReplyEvent = std::pair<std::string, Json>;

/// A reply that depends on nothing but its request knows no clock.
inline constexpr std::int64_t kReplyCreated = 1'700'000'000;

/// Letters and digits, a function of the seed.
std::string SeededWord(std::string_view seed, std::string_view what, std::size_t length);
std::string SeededHex(std::string_view seed, std::string_view what);
/// What goes into one event each: cut between characters, never within one. At least one piece.
std::vector<std::string> TextPieces(std::string_view text);
/// The arguments of a call as text.
std::string ArgumentsText(const ToolCall& call);
/// The object with one member more, or another.
Json WithMember(Json object, std::string_view key, Json value);

}  // namespace xsweep
