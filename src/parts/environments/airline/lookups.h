// What the airline tools of both benchmarks share: finding records and moving money.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "parts/environments/airline/data.h"
#include "parts/environments/world/tool_arguments.h"
#include "parts/environments/world/tools.h"

namespace xsweep {

/// The record that `id` names; `not_found` makes the reference's own text when it names none.
template <class NotFound>
Expected<const Json*> FindRecord(const State& state, AirlineTable table, const Json& id, std::string_view what,
                                 NotFound not_found) {
  TRY_ASSIGN(const std::string* key, AsKey(id, what));
  const Json* record = key == nullptr ? nullptr : state.Find(table, *key);
  if (record == nullptr) return EpisodeError(not_found());
  return record;
}

/// The same record as a read tool prints it.
template <class NotFound>
Expected<std::string> ReadRecord(const State& state, AirlineTable table, const Json& id, std::string_view what,
                                 NotFound not_found) {
  TRY_ASSIGN(const std::string* key, AsKey(id, what));
  std::optional<std::string> text = key == nullptr ? std::nullopt : state.FindText(table, *key);
  if (!text) return EpisodeError(not_found());
  return std::move(*text);
}

/// The user's payment methods; null when a foreign file lacks them.
const Json* PaymentMethods(const Json& user);

/// `state[table][id][field]`, to change; an error when the record or the field is not there.
Expected<Json*> MutableField(State& state, AirlineTable table, std::string_view id, std::string_view field);

/// amount -= price on a gift card of that user.
Status DebitGiftCard(State& state, std::string_view user_id, std::string_view payment_id, const Json& price);

/// The sum of `price` over a reservation's flights, times its passengers: what has been paid for the flights.
Expected<Json> PaidForFlights(const Json& reservation);

/// Whether `flight` (with "flight_number" and "date") is the segment `kept`.
bool SameSegment(const Json& kept, const Json& flight_number, const Json& date);

/// The seats (or prices) of a cabin on a day, or an error when the flight has no such cabin.
Expected<Json> OfCabin(const Json& day, std::string_view field, const Json& cabin);

}  // namespace xsweep
