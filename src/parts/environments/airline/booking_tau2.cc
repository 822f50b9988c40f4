// tau2/airline: book_reservation.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "parts/environments/airline/lookups.h"
#include "parts/environments/airline/tau2.h"
#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep::tau2_airline {
namespace {

/// A model of string fields, in this order.
Expected<Json> StringModel(const Json& element, const std::string& what,
                           std::initializer_list<std::string_view> fields) {
  for (const std::string_view field : fields) {
    const Json* value = element.Find(field);
    if (value == nullptr) return EpisodeError(fmt::format("argument {} has no {}", what, field));
    TRY(RequireString(*value, fmt::format("{}.{}", what, field)));
  }
  return PickFields(element, fields);
}

Expected<std::string> NewReservationId(const State& state) {
  for (const std::string_view id : {"HATHAT", "HATHAU", "HATHAV"}) {
    if (!state.Contains(kReservations, id)) return std::string(id);
  }
  return EpisodeError("Too many reservations");
}

/// What is being booked, while it is being checked.
struct Booking {
  std::string user_id;
  std::string cabin;
  std::vector<Json> payments;
  std::size_t people = 0;
  Json reservation;
  Json total = 0;
  struct Seat {
    std::string flight_number;
    std::string date;
  };
  std::vector<Seat> seats;
};

/// The reservation model before its flights: this is where tau2 checks the types.
Expected<Json> NewReservation(const State& state, const Json& arguments, const ModelList& passengers,
                              const ModelList& payments) {
  TRY_ASSIGN(const std::string id, NewReservationId(state));
  for (const std::string_view field : {"origin", "destination"}) {
    TRY(RequireString(Argument(arguments, field), field));
  }
  TRY(RequireOneOf(Argument(arguments, "flight_type"), "flight_type", {"round_trip", "one_way"}));
  TRY(RequireOneOf(Argument(arguments, "cabin"), "cabin", {"business", "economy", "basic_economy"}));
  if (!passengers.converted)
    return BadArgument("passengers", "a list of passengers", Argument(arguments, "passengers"));
  if (!payments.converted) {
    return BadArgument("payment_methods", "a list of payments", Argument(arguments, "payment_methods"));
  }
  TRY_ASSIGN(const Json total_baggages, ToModelInt(Argument(arguments, "total_baggages"), "total_baggages"));
  TRY_ASSIGN(const Json nonfree_baggages, ToModelInt(Argument(arguments, "nonfree_baggages"), "nonfree_baggages"));
  TRY(RequireOneOf(Argument(arguments, "insurance"), "insurance", {"yes", "no"}));
  return Json::MakeObject({{"reservation_id", id},
                           {"user_id", Argument(arguments, "user_id")},
                           {"origin", Argument(arguments, "origin")},
                           {"destination", Argument(arguments, "destination")},
                           {"flight_type", Argument(arguments, "flight_type")},
                           {"cabin", Argument(arguments, "cabin")},
                           {"flights", Json::MakeArray()},
                           {"passengers", Json::MakeArray(passengers.items)},
                           {"payment_history", Json::MakeArray(payments.items)},
                           {"created_at", kAirlineNow},
                           {"total_baggages", total_baggages},
                           {"nonfree_baggages", nonfree_baggages},
                           {"insurance", Argument(arguments, "insurance")},
                           {"status", nullptr}});
}

Status AddFlight(const State& state, const Json& info, Booking& booking) {
  const Json& number = *info.Find("flight_number");
  const Json& date = *info.Find("date");
  TRY_ASSIGN(const Json* flight, FindFlight(state, number));
  TRY_ASSIGN(const Json* day, FindFlightDay(state, number, date));
  if (day->StringOr("status", "") != "available") {
    return EpisodeError(fmt::format("Flight {} not available on date {}", number.AsString(), date.AsString()));
  }
  TRY_ASSIGN(const Json seats, OfCabin(*day, "available_seats", booking.cabin));
  TRY_ASSIGN(const bool too_few, PythonLess(seats, Json(std::uint64_t{booking.people})));
  if (too_few) return EpisodeError(fmt::format("Not enough seats on flight {}", number.AsString()));
  TRY_ASSIGN(const Json price, OfCabin(*day, "prices", booking.cabin));
  booking.reservation.FindMutable("flights")->Append(
      Json::MakeObject({{"flight_number", number},
                        {"origin", flight->StringOr("origin", "")},
                        {"destination", flight->StringOr("destination", "")},
                        {"date", date},
                        {"price", price}}));
  booking.seats.push_back({number.AsString(), date.AsString()});
  TRY_ASSIGN(const Json cost, PythonMultiply(price, Json(std::uint64_t{booking.people})));
  TRY_ASSIGN(booking.total, PythonAdd(booking.total, cost));
  return {};
}

/// Insurance and baggage; the raw argument counts here, so "5" fails although the model took it.
Status AddFees(const Json& arguments, Booking& booking) {
  if (Argument(arguments, "insurance").AsString() == "yes") {
    TRY_ASSIGN(booking.total, PythonAdd(booking.total, Json(30 * std::uint64_t{booking.people})));
  }
  const Json& bags = Argument(arguments, "nonfree_baggages");
  TRY(RequireNumber(bags, "nonfree_baggages"));
  TRY_ASSIGN(const Json fee, PythonMultiply(Json(50), bags));
  TRY_ASSIGN(booking.total, PythonAdd(booking.total, fee));
  return {};
}

Status CheckPayments(const Json& user, const Booking& booking) {
  const Json* methods = PaymentMethods(user);
  Json paid = 0;
  for (const Json& payment : booking.payments) {
    const std::string& id = payment.Find("payment_id")->AsString();
    const Json* method = methods == nullptr ? nullptr : methods->Find(id);
    if (method == nullptr) return EpisodeError(fmt::format("Payment method {} not found", id));
    if (method->StringOr("source", "") == "credit_card") continue;
    const Json* balance = method->Find("amount");
    if (balance == nullptr) return EpisodeError(fmt::format("payment method {} has no amount", id));
    TRY_ASSIGN(const bool too_little, PythonLess(*balance, *payment.Find("amount")));
    if (too_little) return EpisodeError(fmt::format("Not enough balance in payment method {}", id));
  }
  for (const Json& payment : booking.payments) {
    TRY_ASSIGN(paid, PythonAdd(paid, *payment.Find("amount")));
  }
  if (PythonEquals(paid, booking.total)) return {};
  return EpisodeError(fmt::format("Payment amount does not add up, total price is {}, but paid {}",
                                  PythonStr(booking.total), PythonStr(paid)));
}

/// Debits in order and without undoing: a certificate named twice fails after its first use, as in the reference.
Status Pay(State& state, const Booking& booking) {
  for (const Json& payment : booking.payments) {
    const std::string& id = payment.Find("payment_id")->AsString();
    TRY_ASSIGN(Json * methods, MutableField(state, kUsers, booking.user_id, "payment_methods"));
    const Json* method = methods->Find(id);
    if (method == nullptr) return EpisodeError(fmt::format("argument payment_methods uses {} twice", id));
    const std::string_view source = method->StringOr("source", "");
    if (source == "gift_card") {
      TRY(DebitGiftCard(state, booking.user_id, id, *payment.Find("amount")));
    }
    if (source == "certificate") methods->Erase(id);
  }
  return {};
}

Status TakeSeats(State& state, const Booking& booking) {
  for (const auto& [number, date] : booking.seats) {
    TRY_ASSIGN(Json * dates, MutableField(state, kFlights, number, "dates"));
    Json* seats = dates->FindMutable(date)->FindMutable("available_seats")->FindMutable(booking.cabin);
    TRY_ASSIGN(*seats, PythonSubtract(*seats, Json(std::uint64_t{booking.people})));
  }
  return {};
}

}  // namespace

Expected<Json> FlightInfoModel(const Json& element, const std::string& what) {
  return StringModel(element, what, {"flight_number", "date"});
}
Expected<Json> PassengerModel(const Json& element, const std::string& what) {
  return StringModel(element, what, {"first_name", "last_name", "dob"});
}
Expected<Json> PaymentModel(const Json& element, const std::string& what) {
  const Json* amount = element.Find("amount");
  if (amount == nullptr) return EpisodeError(fmt::format("argument {} has no amount", what));
  TRY_ASSIGN(Json whole, ToModelInt(*amount, what + ".amount"));
  TRY_ASSIGN(Json payment, StringModel(element, what, {"payment_id"}));
  payment.Set("amount", std::move(whole));
  return payment;
}

Expected<std::string> BookReservation(State& state, const Json& arguments) {
  TRY_ASSIGN(const ModelList flights, ToModelList(Argument(arguments, "flights"), "flights", FlightInfoModel));
  TRY_ASSIGN(const ModelList passengers, ToModelList(Argument(arguments, "passengers"), "passengers", PassengerModel));
  TRY_ASSIGN(const ModelList payments,
             ToModelList(Argument(arguments, "payment_methods"), "payment_methods", PaymentModel));
  TRY_ASSIGN(const Json* user, FindUser(state, Argument(arguments, "user_id")));
  Booking booking;
  TRY_ASSIGN(booking.reservation, NewReservation(state, arguments, passengers, payments));
  booking.user_id = Argument(arguments, "user_id").AsString();
  booking.cabin = Argument(arguments, "cabin").AsString();
  booking.payments = payments.items;
  booking.people = passengers.items.size();
  if (!flights.converted) return BadArgument("flights", "a list of flights", Argument(arguments, "flights"));
  for (const Json& info : flights.items) {
    TRY(AddFlight(state, info, booking));
  }
  TRY(AddFees(arguments, booking));
  TRY(CheckPayments(*user, booking));

  TRY(Pay(state, booking));
  TRY(TakeSeats(state, booking));
  const std::string id = booking.reservation.Find("reservation_id")->AsString();
  state.Insert(kReservations, id, booking.reservation);
  TRY_ASSIGN(Json * owned, MutableField(state, kUsers, booking.user_id, "reservations"));
  owned->Append(id);
  return PythonJson(booking.reservation);
}

}  // namespace xsweep::tau2_airline
