// tau2/airline: changing the baggage, the flights and the passengers of a reservation.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "parts/environments/airline/lookups.h"
#include "parts/environments/airline/tau2.h"
#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep::tau2_airline {
namespace {

/// Charges `price` and notes the payment. A gift card is debited before the payment's amount is validated, and stays
/// so.
Status Charge(State& state, const Json& user, const std::string& reservation_id, const Json& payment_id,
              const Json& price) {
  TRY_ASSIGN(const Json* method, FindKey(PaymentMethods(user), payment_id, "payment_id"));
  if (method == nullptr) return EpisodeError("Payment method not found");
  const std::string source(method->StringOr("source", ""));
  if (source == "certificate") return EpisodeError("Certificate cannot be used to update reservation");
  if (source == "gift_card") {
    const Json* balance = method->Find("amount");
    if (balance == nullptr) return EpisodeError("the gift card has no amount");
    TRY_ASSIGN(const bool too_little, PythonLess(*balance, price));
    if (too_little) return EpisodeError("Gift card balance is not enough");
    TRY(DebitGiftCard(state, user.StringOr("user_id", ""), payment_id.AsString(), price));
  }
  if (PythonEquals(price, Json(0))) return {};
  TRY_ASSIGN(Json amount, ToModelInt(price, "nonfree_baggages, at 50 each,"));
  TRY_ASSIGN(Json * history, MutableField(state, kReservations, reservation_id, "payment_history"));
  history->Append(Json::MakeObject({{"payment_id", payment_id}, {"amount", std::move(amount)}}));
  return {};
}

struct Owned {
  const Json* reservation = nullptr;
  const Json* user = nullptr;
};
Expected<Owned> FindOwned(const State& state, const Json& reservation_id) {
  Owned owned;
  TRY_ASSIGN(owned.reservation, FindReservation(state, reservation_id));
  const Json* user_id = owned.reservation->Find("user_id");
  TRY_ASSIGN(owned.user, FindUser(state, user_id == nullptr ? Json() : *user_id));
  return owned;
}

/// The segment of the reservation that the new list keeps, or nullptr. Nothing is kept when the cabin changes.
const Json* KeptSegment(const Json& reservation, const Json& info, const Json& cabin) {
  const Json* flights = reservation.Find("flights");
  const Json* booked = reservation.Find("cabin");
  if (flights == nullptr || !flights->is_array() || booked == nullptr || !PythonEquals(cabin, *booked)) return nullptr;
  const auto found = std::ranges::find_if(flights->items(), [&](const Json& kept) {
    return SameSegment(kept, *info.Find("flight_number"), *info.Find("date"));
  });
  return found == flights->items().end() ? nullptr : &*found;
}

Expected<Json> NewSegment(const State& state, const Json& info, const Json& cabin, const Json& people) {
  const Json& number = *info.Find("flight_number");
  const Json& date = *info.Find("date");
  TRY_ASSIGN(const Json* flight, FindFlight(state, number));
  TRY_ASSIGN(const Json* day, FindFlightDay(state, number, date));
  if (day->StringOr("status", "") != "available") {
    return EpisodeError(fmt::format("Flight {} not available on date {}", number.AsString(), date.AsString()));
  }
  TRY_ASSIGN(const Json seats, OfCabin(*day, "available_seats", cabin));
  TRY_ASSIGN(const bool too_few, PythonLess(seats, people));
  if (too_few) return EpisodeError(fmt::format("Not enough seats on flight {}", number.AsString()));
  TRY_ASSIGN(Json price, OfCabin(*day, "prices", cabin));
  return Json::MakeObject({{"flight_number", number},
                           {"origin", flight->StringOr("origin", "")},
                           {"destination", flight->StringOr("destination", "")},
                           {"date", date},
                           {"price", std::move(price)}});
}

}  // namespace

Expected<std::string> UpdateBaggages(State& state, const Json& arguments) {
  const Json& nonfree = Argument(arguments, "nonfree_baggages");
  TRY_ASSIGN(const Owned owned, FindOwned(state, Argument(arguments, "reservation_id")));
  const std::string& id = Argument(arguments, "reservation_id").AsString();
  const Json* before = owned.reservation->Find("nonfree_baggages");
  TRY(RequireNumber(nonfree, "nonfree_baggages"));
  TRY(RequireNumber(before == nullptr ? Json() : *before, "nonfree_baggages as stored"));
  TRY_ASSIGN(const Json more, PythonSubtract(nonfree, *before));
  TRY_ASSIGN(const bool any, PythonLess(Json(0), more));
  TRY_ASSIGN(const Json price, PythonMultiply(Json(50), any ? more : Json(0)));
  TRY(Charge(state, *owned.user, id, Argument(arguments, "payment_id"), price));
  // Stored as given: the reference validates nothing on assignment.
  Json* reservation = state.Mutable(kReservations, id);
  reservation->Set("total_baggages", Argument(arguments, "total_baggages"));
  reservation->Set("nonfree_baggages", nonfree);
  return PythonJson(*reservation);
}

Expected<std::string> UpdateFlights(State& state, const Json& arguments) {
  const Json& cabin = Argument(arguments, "cabin");
  TRY_ASSIGN(const ModelList flights, ToModelList(Argument(arguments, "flights"), "flights", FlightInfoModel));
  TRY_ASSIGN(const Owned owned, FindOwned(state, Argument(arguments, "reservation_id")));
  const std::string& id = Argument(arguments, "reservation_id").AsString();
  if (!flights.converted) return BadArgument("flights", "a list of flights", Argument(arguments, "flights"));
  const Json* passengers = owned.reservation->Find("passengers");
  TRY_ASSIGN(const std::size_t count, PythonLength(passengers == nullptr ? Json() : *passengers, "passengers"));
  const Json people(std::uint64_t{count});

  Json total = 0;
  std::vector<Json> segments;
  for (const Json& info : flights.items) {
    const Json* kept = KeptSegment(*owned.reservation, info, cabin);
    Json segment = kept == nullptr ? Json() : *kept;
    if (kept == nullptr) {
      TRY_ASSIGN(segment, NewSegment(state, info, cabin, people));
    }
    TRY_ASSIGN(const Json cost, PythonMultiply(*segment.Find("price"), people));
    TRY_ASSIGN(total, PythonAdd(total, cost));
    segments.push_back(std::move(segment));
  }
  TRY_ASSIGN(const Json paid, PaidForFlights(*owned.reservation));
  TRY_ASSIGN(total, PythonSubtract(total, paid));
  TRY(Charge(state, *owned.user, id, Argument(arguments, "payment_id"), total));
  Json* reservation = state.Mutable(kReservations, id);
  reservation->Set("flights", Json::MakeArray(std::move(segments)));
  reservation->Set("cabin", cabin);
  return PythonJson(*reservation);
}

Expected<std::string> UpdatePassengers(State& state, const Json& arguments) {
  const Json& given = Argument(arguments, "passengers");
  TRY_ASSIGN(const ModelList models, ToModelList(given, "passengers", PassengerModel));
  TRY_ASSIGN(const Json* reservation, FindReservation(state, Argument(arguments, "reservation_id")));
  const Json passengers = models.converted ? Json::MakeArray(models.items) : given;
  const Json* before = reservation->Find("passengers");
  TRY_ASSIGN(const std::size_t count, PythonLength(passengers, "passengers"));
  TRY_ASSIGN(const std::size_t booked, PythonLength(before == nullptr ? Json() : *before, "passengers"));
  if (count != booked) return EpisodeError("Number of passengers does not match");
  Json* changed = state.Mutable(kReservations, Argument(arguments, "reservation_id").AsString());
  changed->Set("passengers", passengers);
  return PythonJson(*changed);
}

}  // namespace xsweep::tau2_airline
