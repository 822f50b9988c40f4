// Calls that a defense has denied: cut out of the replies that their agent gets, and put back, with what is said of
// them, into the history that its model gets.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relay/wires/ask.h"

namespace xsweep {

/// A call of a reply as it stands in a history, and whether it was denied.
struct DecidedCall {
  std::string id;
  Json entry;
  bool denied = false;
  std::string notice{};  ///< what the model is told of it, if it was
};

/// The calls of a reply, streamed or not, in its order, those in `denied` marked. Fails with kEpisode where one of
/// these is not in it.
Expected<std::vector<DecidedCall>> CallsOf(Wire wire, std::string_view reply_body, const std::set<std::string>& denied);

/// The reply, streamed or not, without those calls: what is left keeps its bytes, but for the places that are counted.
/// Some call must be left. Fails with kEpisode where one of them is not in it.
Expected<std::string> CutCalls(Wire wire, std::string_view reply_body, const std::set<std::string>& ids);

/// The request with the denied calls of `turn` beside those that were let pass, and their notices with the results; as
/// it is where the history does not show that turn with a result. Every byte around it stays.
std::string RestoreCalls(Wire wire, std::string body, std::span<const DecidedCall> turn);

/// A turn that the agent does not know of, because every call in it was denied: where in its history it stands.
struct HiddenTurn {
  std::size_t place = 0;  ///< entries of the agent's own list before it
  Json entries;           ///< what stands there, as the wire has it: the model's turn and the notices
};
/// What the request's history goes on with when the agent never sees this reply.
Expected<Json> HiddenEntries(Wire wire, std::string_view reply_body, std::span<const DecidedCall> turn);
/// The body with those turns in its history; every byte around them stays.
Expected<std::string> InsertTurns(Wire wire, const std::string& body, std::span<const HiddenTurn> turns);
/// How many entries the list of messages or items has.
std::size_t EntriesOf(Wire wire, const Json& body);

}  // namespace xsweep
