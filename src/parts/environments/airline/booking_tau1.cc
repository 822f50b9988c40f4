// tau1/airline: book_reservation.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "parts/environments/airline/lookups.h"
#include "parts/environments/airline/tau1.h"
#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep::tau1_airline {
namespace {

/// HATHAV is taken again and again: a fourth booking overwrites the third.
std::string_view NewReservationId(const State& state) {
  for (const std::string_view id : {"HATHAT", "HATHAU"}) {
    if (!state.Contains(kReservations, id)) return id;
  }
  return "HATHAV";
}

struct Payment {
  const Json* id = nullptr;
  const Json* amount = nullptr;
};

Expected<Payment> ReadPayment(const Json& element) {
  Payment payment;
  TRY_ASSIGN(payment.id, Field(element, "payment_id", "payment_methods"));
  TRY_ASSIGN(payment.amount, Field(element, "amount", "payment_methods"));
  return payment;
}

Status CheckBalance(const Json& user, const Payment& payment) {
  TRY_ASSIGN(const Json* method, FindKey(PaymentMethods(user), *payment.id, "payment_methods"));
  if (method == nullptr) return EpisodeError(fmt::format("payment method {} not found", PythonStr(*payment.id)));
  const std::string_view source = method->StringOr("source", "");
  if (source != "gift_card" && source != "certificate") return {};
  TRY_ASSIGN(const Json* balance, Field(*method, "amount", "the payment method"));
  TRY_ASSIGN(const bool too_little, PythonLess(*balance, *payment.amount));
  if (too_little) return EpisodeError(fmt::format("not enough balance in payment method {}", PythonStr(*payment.id)));
  return {};
}

Status CheckPayments(const Json& user, const std::vector<Json>& payments, const Json& total) {
  Json paid = 0;
  for (const Json& element : payments) {
    TRY_ASSIGN(const Payment payment, ReadPayment(element));
    TRY(CheckBalance(user, payment));
  }
  for (const Json& element : payments) {
    const Json& amount = *element.Find("amount");
    TRY(RequireNumber(amount, "payment_methods.amount"));
    TRY_ASSIGN(paid, PythonAdd(paid, amount));
  }
  if (PythonEquals(paid, total)) return {};
  return EpisodeError(
      fmt::format("payment amount does not add up, total price is {}, but paid {}", PythonStr(total), PythonStr(paid)));
}

/// Debits in order and without undoing: a certificate named twice fails after its first use, as in the reference.
Status Pay(State& state, const std::string& user_id, const std::vector<Json>& payments) {
  for (const Json& element : payments) {
    TRY_ASSIGN(const Payment payment, ReadPayment(element));
    TRY_ASSIGN(Json * methods, MutableField(state, kUsers, user_id, "payment_methods"));
    TRY_ASSIGN(const Json* method, FindKey(methods, *payment.id, "payment_methods"));
    if (method == nullptr) return EpisodeError("argument payment_methods uses a certificate twice");
    const std::string_view source = method->StringOr("source", "");
    if (source == "gift_card") {
      TRY(DebitGiftCard(state, user_id, payment.id->AsString(), *payment.amount));
    } else if (source == "certificate") {
      methods->Erase(payment.id->AsString());
    }
  }
  return {};
}

Expected<Json> TotalPrice(const State& state, const Json& arguments, std::vector<Json>& flights) {
  const Json& passengers = Argument(arguments, "passengers");
  Json total = 0;
  for (Json& flight : flights) {
    TRY_ASSIGN(flight, PricedFlight(state, std::move(flight), Argument(arguments, "cabin"), passengers));
    TRY_ASSIGN(const std::size_t people, PythonLength(passengers, "passengers"));
    TRY_ASSIGN(const Json cost, PythonMultiply(*flight.Find("price"), Json(std::uint64_t{people})));
    TRY_ASSIGN(total, PythonAdd(total, cost));
  }
  if (PythonEquals(Argument(arguments, "insurance"), "yes")) {
    TRY_ASSIGN(const std::size_t people, PythonLength(passengers, "passengers"));
    TRY_ASSIGN(total, PythonAdd(total, Json(std::uint64_t{30 * people})));
  }
  const Json& bags = Argument(arguments, "nonfree_baggages");
  TRY(RequireNumber(bags, "nonfree_baggages"));
  TRY_ASSIGN(const Json fee, PythonMultiply(Json(50), bags));
  return PythonAdd(total, fee);
}

}  // namespace

Expected<const Json*> Field(const Json& object, std::string_view key, std::string_view what) {
  const Json* found = object.Find(key);
  if (found == nullptr) return EpisodeError(fmt::format("argument {} has no '{}'", what, key));
  return found;
}

Expected<Json> PricedFlight(const State& state, Json wanted, const Json& cabin, const Json& passengers) {
  TRY_ASSIGN(const Json* number_field, Field(wanted, "flight_number", "flights"));
  const Json number = *number_field;
  TRY_ASSIGN(const Json* flight, FindRecord(state, kFlights, number, "flight_number",
                                            [&] { return fmt::format("flight {} not found", PythonStr(number)); }));
  TRY_ASSIGN(const Json* date_field, Field(wanted, "date", "flights"));
  const Json date = *date_field;
  TRY_ASSIGN(const Json* day, FindKey(flight->Find("dates"), date, "date"));
  if (day == nullptr) {
    return EpisodeError(fmt::format("flight {} not found on date {}", PythonStr(number), PythonStr(date)));
  }
  if (day->StringOr("status", "") != "available") {
    return EpisodeError(fmt::format("flight {} not available on date {}", PythonStr(number), PythonStr(date)));
  }
  TRY_ASSIGN(const Json seats, OfCabin(*day, "available_seats", cabin));
  TRY_ASSIGN(const std::size_t people, PythonLength(passengers, "passengers"));
  TRY_ASSIGN(const bool too_few, PythonLess(seats, Json(std::uint64_t{people})));
  if (too_few) return EpisodeError(fmt::format("not enough seats on flight {}", PythonStr(number)));
  TRY_ASSIGN(Json price, OfCabin(*day, "prices", cabin));
  wanted.Set("price", std::move(price));
  wanted.Set("origin", flight->StringOr("origin", ""));
  wanted.Set("destination", flight->StringOr("destination", ""));
  return wanted;
}

Expected<std::string> BookReservation(State& state, const Json& arguments) {
  const Json& user_id = Argument(arguments, "user_id");
  TRY_ASSIGN(const Json* user, FindRecord(state, kUsers, user_id, "user_id", [] { return "user not found"; }));
  const Json& given_flights = Argument(arguments, "flights");
  TRY_ASSIGN(std::vector<Json> flights, Elements(given_flights, "flights"));
  TRY_ASSIGN(const Json total, TotalPrice(state, arguments, flights));
  const Json& payment_methods = Argument(arguments, "payment_methods");
  TRY_ASSIGN(const std::vector<Json> payments, Elements(payment_methods, "payment_methods"));
  TRY(CheckPayments(*user, payments, total));
  TRY(Pay(state, user_id.AsString(), payments));

  const std::string id(NewReservationId(state));
  Json reservation = Json::MakeObject({{"reservation_id", id}, {"user_id", user_id}});
  for (const std::string_view field : {"origin", "destination", "flight_type", "cabin"}) {
    reservation.Set(field, Argument(arguments, field));
  }
  reservation.Set("flights", given_flights.is_array() ? Json::MakeArray(std::move(flights)) : given_flights);
  reservation.Set("passengers", Argument(arguments, "passengers"));
  reservation.Set("payment_history", payment_methods);
  reservation.Set("created_at", kAirlineNow);
  for (const std::string_view field : {"total_baggages", "nonfree_baggages", "insurance"}) {
    reservation.Set(field, Argument(arguments, field));
  }
  TRY_ASSIGN(Json * owned, MutableField(state, kUsers, user_id.AsString(), "reservations"));
  owned->Append(id);
  std::string text = PythonJson(reservation);
  state.Insert(kReservations, id, std::move(reservation));
  return text;
}

}  // namespace xsweep::tau1_airline
