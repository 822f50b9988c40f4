// Rewriting what passes: texts in requests, byte by byte around them, and turns that a defense has changed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relay/ask.h"

namespace xsweep {

/// The body with `shown` in place of the result of that call; every byte outside the text stays as it is. `original` is
/// what ReadAsk finds there. A result of several parts keeps them: what was appended stands behind the last text, all
/// else takes the place of the first. Fails with kEpisode where the call has no result, or one without text.
Expected<std::string> ReplaceResult(Wire wire, std::string body, std::string_view call_id, std::string_view original,
                                    std::string_view shown);

/// The same for the description of a tool, by the name under which it is offered; added where it has none.
Expected<std::string> ReplaceDescription(Wire wire, std::string body, std::string_view tool, std::string_view shown);

/// A call that was denied, and what its model is told.
struct Denied {
  ToolCall call;  ///< as the model made it
  std::string notice;
};

/// Turns that the agent does not know of, because every call in them was denied: where in its history they stand.
struct HiddenTurn {
  std::size_t place = 0;  ///< entries of the agent's own list before it
  Json entries;           ///< what stands there, as the wire has it: the model's turn and the notices
};
/// What the request's history goes on with when the agent never sees this reply.
Expected<Json> HiddenEntries(Wire wire, std::string_view reply_body, std::span<const Denied> denied);
/// The body with those turns in its history. Written anew: the rest has the same values, not the same bytes.
Expected<std::string> InsertTurns(Wire wire, const std::string& body, std::span<const HiddenTurn> turns);
/// How many entries the list of messages or items has.
std::size_t EntriesOf(Wire wire, const Json& body);

}  // namespace xsweep
