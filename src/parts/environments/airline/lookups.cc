// What the airline tools of both benchmarks share.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/airline/lookups.h"

#include <fmt/format.h>

#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep {

const Json* PaymentMethods(const Json& user) { return user.Find("payment_methods"); }

Expected<Json*> MutableField(State& state, AirlineTable table, std::string_view id, std::string_view field) {
  Json* record = state.Mutable(table, id);
  Json* found = record == nullptr ? nullptr : record->FindMutable(field);
  if (found == nullptr) return EpisodeError(fmt::format("record {} has no {}", id, field));
  return found;
}

Status DebitGiftCard(State& state, std::string_view user_id, std::string_view payment_id, const Json& price) {
  TRY_ASSIGN(Json * methods, MutableField(state, kUsers, user_id, "payment_methods"));
  Json* method = methods->FindMutable(payment_id);
  Json* amount = method == nullptr ? nullptr : method->FindMutable("amount");
  if (amount == nullptr) return EpisodeError(fmt::format("payment method {} has no amount", payment_id));
  TRY_ASSIGN(*amount, PythonSubtract(*amount, price));
  return {};
}

Expected<Json> PaidForFlights(const Json& reservation) {
  const Json* flights = reservation.Find("flights");
  const Json* passengers = reservation.Find("passengers");
  if (flights == nullptr || passengers == nullptr) return EpisodeError("the reservation has no flights or passengers");
  TRY_ASSIGN(const std::vector<Json> segments, Elements(*flights, "flights of the reservation"));
  Json sum = 0;
  for (const Json& segment : segments) {
    const Json* price = segment.Find("price");
    if (price == nullptr) return EpisodeError("a flight of the reservation has no price");
    TRY_ASSIGN(sum, PythonAdd(sum, *price));
  }
  TRY_ASSIGN(const std::size_t people, PythonLength(*passengers, "passengers"));
  return PythonMultiply(sum, Json(std::uint64_t{people}));
}

bool SameSegment(const Json& kept, const Json& flight_number, const Json& date) {
  const Json* kept_number = kept.Find("flight_number");
  const Json* kept_date = kept.Find("date");
  return kept_number != nullptr && kept_date != nullptr && PythonEquals(*kept_number, flight_number) &&
         PythonEquals(*kept_date, date);
}

Expected<Json> OfCabin(const Json& day, std::string_view field, const Json& cabin) {
  TRY_ASSIGN(const Json* value, FindKey(day.Find(field), cabin, "cabin"));
  if (value == nullptr) return EpisodeError(PythonRepr(cabin));  // all that a KeyError says
  return *value;
}

}  // namespace xsweep
