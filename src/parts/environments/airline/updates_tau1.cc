// tau1/airline: changing the baggage, the flights and the passengers of a reservation.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "parts/environments/airline/lookups.h"
#include "parts/environments/airline/tau1.h"
#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep::tau1_airline {
namespace {

Expected<const Json*> FindReservation(const State& state, const Json& id) {
  return FindRecord(state, kReservations, id, "reservation_id", [] { return "reservation not found"; });
}

/// How a change is paid: the owner, and whether a gift card has to be debited.
struct Charge {
  std::string user_id;
  bool gift_card = false;
};

Expected<Charge> CheckPayment(const State& state, const Json& reservation, const Json& payment_id, const Json& price) {
  Charge charge{.user_id = std::string(reservation.StringOr("user_id", ""))};
  const Json* user = state.Find(kUsers, charge.user_id);
  if (user == nullptr) return EpisodeError("the reservation's user does not exist");
  TRY_ASSIGN(const Json* method, FindKey(PaymentMethods(*user), payment_id, "payment_id"));
  if (method == nullptr) return EpisodeError("payment method not found");
  const std::string_view source = method->StringOr("source", "");
  if (source == "certificate") return EpisodeError("certificate cannot be used to update reservation");
  charge.gift_card = source == "gift_card";
  if (!charge.gift_card) return charge;
  TRY_ASSIGN(const Json* balance, Field(*method, "amount", "the gift card"));
  TRY_ASSIGN(const bool too_little, PythonLess(*balance, price));
  if (too_little) return EpisodeError("gift card balance is not enough");
  return charge;
}

/// Notes the payment, if there was one. A booking may have stored "" or {} as its history: then this fails, late.
Status NotePayment(Json& reservation, const Json& payment_id, const Json& price) {
  if (PythonEquals(price, Json(0))) return {};
  Json* history = reservation.FindMutable("payment_history");
  if (history == nullptr || !history->is_array()) return EpisodeError("the reservation's payment_history is no list");
  history->Append(Json::MakeObject({{"payment_id", payment_id}, {"amount", price}}));
  return {};
}

/// The first segment of the reservation that `wanted` repeats, or nullptr. Fields are asked for in Python's order, so a
/// missing one is an error only where the reference would get to it.
Expected<const Json*> KeptSegment(const Json& reservation, const Json& wanted, const Json& cabin) {
  TRY_ASSIGN(const Json* booked, Field(reservation, "flights", "the reservation"));
  TRY_ASSIGN(const std::vector<Json> segments, Elements(*booked, "flights of the reservation"));
  const Json* kept = nullptr;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    TRY_ASSIGN(const Json* number, Field(wanted, "flight_number", "flights"));
    TRY_ASSIGN(const Json* booked_number, Field(segments[i], "flight_number", "flights of the reservation"));
    if (!PythonEquals(*booked_number, *number)) continue;
    TRY_ASSIGN(const Json* date, Field(wanted, "date", "flights"));
    TRY_ASSIGN(const Json* booked_cabin, Field(reservation, "cabin", "the reservation"));
    if (kept == nullptr && SameSegment(segments[i], *number, *date) && PythonEquals(cabin, *booked_cabin)) {
      kept = &booked->items()[i];
    }
  }
  return kept;
}

Expected<Json> Repriced(const State& state, const Json& reservation, Json wanted, const Json& cabin,
                        const Json& passengers) {
  TRY_ASSIGN(const Json* kept, KeptSegment(reservation, wanted, cabin));
  if (kept == nullptr) return PricedFlight(state, std::move(wanted), cabin, passengers);
  for (const std::string_view field : {"price", "origin", "destination"}) {
    TRY_ASSIGN(const Json* value, Field(*kept, field, "a flight of the reservation"));
    wanted.Set(field, *value);
  }
  return wanted;
}

}  // namespace

Expected<std::string> UpdateBaggages(State& state, const Json& arguments) {
  const Json& nonfree = Argument(arguments, "nonfree_baggages");
  const Json& payment_id = Argument(arguments, "payment_id");
  TRY_ASSIGN(const Json* reservation, FindReservation(state, Argument(arguments, "reservation_id")));
  const std::string& id = Argument(arguments, "reservation_id").AsString();
  TRY_ASSIGN(const Json* before, Field(*reservation, "nonfree_baggages", "the reservation"));
  TRY(RequireNumber(nonfree, "nonfree_baggages"));
  TRY(RequireNumber(*before, "nonfree_baggages as stored"));
  TRY_ASSIGN(const Json more, PythonSubtract(nonfree, *before));
  TRY_ASSIGN(const bool any, PythonLess(Json(0), more));
  TRY_ASSIGN(const Json price, PythonMultiply(Json(50), any ? more : Json(0)));
  TRY_ASSIGN(const Charge charge, CheckPayment(state, *reservation, payment_id, price));

  Json* changed = state.Mutable(kReservations, id);
  changed->Set("total_baggages", Argument(arguments, "total_baggages"));
  changed->Set("nonfree_baggages", nonfree);
  if (charge.gift_card) {
    TRY(DebitGiftCard(state, charge.user_id, payment_id.AsString(), price));
  }
  TRY(NotePayment(*changed, payment_id, price));
  return PythonJson(*changed);
}

Expected<std::string> UpdateFlights(State& state, const Json& arguments) {
  const Json& cabin = Argument(arguments, "cabin");
  const Json& payment_id = Argument(arguments, "payment_id");
  const Json& given = Argument(arguments, "flights");
  TRY_ASSIGN(const Json* reservation, FindReservation(state, Argument(arguments, "reservation_id")));
  const std::string& id = Argument(arguments, "reservation_id").AsString();
  TRY_ASSIGN(const Json* passengers, Field(*reservation, "passengers", "the reservation"));
  TRY_ASSIGN(std::vector<Json> flights, Elements(given, "flights"));
  Json total = 0;
  for (Json& flight : flights) {
    TRY_ASSIGN(flight, Repriced(state, *reservation, std::move(flight), cabin, *passengers));
    TRY_ASSIGN(const std::size_t people, PythonLength(*passengers, "passengers"));
    TRY_ASSIGN(const Json cost, PythonMultiply(*flight.Find("price"), Json(std::uint64_t{people})));
    TRY_ASSIGN(total, PythonAdd(total, cost));
  }
  TRY_ASSIGN(const Json paid, PaidForFlights(*reservation));
  TRY_ASSIGN(total, PythonSubtract(total, paid));
  TRY_ASSIGN(const Charge charge, CheckPayment(state, *reservation, payment_id, total));

  if (charge.gift_card) {
    TRY(DebitGiftCard(state, charge.user_id, payment_id.AsString(), total));
  }
  // The new cabin is charged but not stored, as in the reference.
  Json* changed = state.Mutable(kReservations, id);
  changed->Set("flights", given.is_array() ? Json::MakeArray(std::move(flights)) : given);
  TRY(NotePayment(*changed, payment_id, total));
  return PythonJson(*changed);
}

Expected<std::string> UpdatePassengers(State& state, const Json& arguments) {
  const Json& passengers = Argument(arguments, "passengers");
  TRY_ASSIGN(const Json* reservation, FindReservation(state, Argument(arguments, "reservation_id")));
  TRY_ASSIGN(const Json* before, Field(*reservation, "passengers", "the reservation"));
  TRY_ASSIGN(const std::size_t count, PythonLength(passengers, "passengers"));
  TRY_ASSIGN(const std::size_t booked, PythonLength(*before, "passengers"));
  if (count != booked) return EpisodeError("number of passengers does not match");
  Json* changed = state.Mutable(kReservations, Argument(arguments, "reservation_id").AsString());
  changed->Set("passengers", passengers);
  return PythonJson(*changed);
}

}  // namespace xsweep::tau1_airline
