// tau2/airline: the desk, its reading tools, cancelling, certificates.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "parts/environments/airline/lookups.h"
#include "parts/environments/airline/tau2.h"
#include "parts/environments/world/calculate.h"
#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep {

namespace tau2_airline {

Expected<const Json*> FindUser(const State& state, const Json& id) {
  return FindRecord(state, kUsers, id, "user_id", [&] { return "User " + PythonStr(id) + " not found"; });
}
Expected<const Json*> FindReservation(const State& state, const Json& id) {
  return FindRecord(state, kReservations, id, "reservation_id",
                    [&] { return "Reservation " + PythonStr(id) + " not found"; });
}
Expected<const Json*> FindFlight(const State& state, const Json& number) {
  return FindRecord(state, kFlights, number, "flight_number",
                    [&] { return "Flight " + PythonStr(number) + " not found"; });
}
Expected<const Json*> FindFlightDay(const State& state, const Json& number, const Json& date) {
  TRY_ASSIGN(const Json* flight, FindFlight(state, number));
  TRY_ASSIGN(const Json* day, FindKey(flight->Find("dates"), date, "date"));
  if (day != nullptr) return day;
  return EpisodeError(fmt::format("Flight {} not found on date {}", PythonStr(number), PythonStr(date)));
}

}  // namespace tau2_airline

namespace {

using namespace tau2_airline;  // NOLINT(google-build-using-namespace): this file is that namespace's desk
using Text = Expected<std::string>;

Text CalculateTool(State&, const Json& arguments) {
  return CalculateArgument(Argument(arguments, "expression"), "Invalid characters in expression");
}

Text CancelReservation(State& state, const Json& arguments) {
  TRY_ASSIGN(const Json* reservation, FindReservation(state, Argument(arguments, "reservation_id")));
  const std::string& id = Argument(arguments, "reservation_id").AsString();
  const Json* paid = reservation->Find("payment_history");
  if (paid == nullptr) return EpisodeError("the reservation has no payment_history");
  TRY_ASSIGN(const std::vector<Json> payments, Elements(*paid, "payment_history"));
  std::vector<Json> refunds;
  for (const Json& payment : payments) {
    const Json* amount = payment.Find("amount");
    if (amount == nullptr) return EpisodeError("a payment of the reservation has no amount");
    TRY_ASSIGN(Json refund, PythonNegate(*amount, "amount"));
    refunds.push_back(
        Json::MakeObject({{"payment_id", payment.StringOr("payment_id", "")}, {"amount", std::move(refund)}}));
  }
  Json* changed = state.Mutable(kReservations, id);
  for (Json& refund : refunds) changed->FindMutable("payment_history")->Append(std::move(refund));
  changed->Set("status", "cancelled");
  return PythonJson(*changed);
}

Text GetReservationDetails(State& state, const Json& arguments) {
  const Json& id = Argument(arguments, "reservation_id");
  return ReadRecord(state, kReservations, id, "reservation_id",
                    [&] { return "Reservation " + PythonStr(id) + " not found"; });
}

Text GetUserDetails(State& state, const Json& arguments) {
  const Json& id = Argument(arguments, "user_id");
  return ReadRecord(state, kUsers, id, "user_id", [&] { return "User " + PythonStr(id) + " not found"; });
}

Text GetFlightStatus(State& state, const Json& arguments) {
  TRY_ASSIGN(const Json* day, FindFlightDay(state, Argument(arguments, "flight_number"), Argument(arguments, "date")));
  return std::string(day->StringOr("status", ""));
}

Text ListAllAirports(State&, const Json&) {
  Json list = Json::MakeArray();
  for (const auto& [iata, city] : Airports()) list.Append(Json::MakeObject({{"iata", iata}, {"city", city}}));
  return PythonJson(list);
}

Text SendCertificate(State& state, const Json& arguments) {
  const Json& amount = Argument(arguments, "amount");
  TRY_ASSIGN(const Json* user, FindUser(state, Argument(arguments, "user_id")));
  const std::string& user_id = Argument(arguments, "user_id").AsString();
  for (const std::string_view id : {"certificate_3221322", "certificate_3221323", "certificate_3221324"}) {
    const Json* methods = PaymentMethods(*user);
    if (methods != nullptr && methods->Find(id) != nullptr) continue;
    TRY_ASSIGN(Json value, ToModelFloat(amount, "amount"));
    TRY_ASSIGN(Json * owned, MutableField(state, kUsers, user_id, "payment_methods"));
    owned->Set(id, Json::MakeObject({{"source", "certificate"}, {"id", id}, {"amount", std::move(value)}}));
    return fmt::format("Certificate {} added to user {} with amount {}.", id, user_id, PythonStr(amount));
  }
  return EpisodeError("Too many certificates");
}

Text TransferToHumanAgents(State&, const Json&) { return "Transfer successful"; }

using Names = std::string_view;
constexpr std::array<Names, 11> kBook{"user_id",        "origin",           "destination", "flight_type",
                                      "cabin",          "flights",          "passengers",  "payment_methods",
                                      "total_baggages", "nonfree_baggages", "insurance"};
constexpr std::array<Names, 1> kExpression{"expression"};
constexpr std::array<Names, 1> kReservationId{"reservation_id"};
constexpr std::array<Names, 1> kUserId{"user_id"};
constexpr std::array<Names, 3> kSearch{"origin", "destination", "date"};
constexpr std::array<Names, 2> kCertificate{"user_id", "amount"};
constexpr std::array<Names, 1> kSummary{"summary"};
constexpr std::array<Names, 4> kBaggages{"reservation_id", "total_baggages", "nonfree_baggages", "payment_id"};
constexpr std::array<Names, 4> kNewFlights{"reservation_id", "cabin", "flights", "payment_id"};
constexpr std::array<Names, 2> kPassengers{"reservation_id", "passengers"};
constexpr std::array<Names, 2> kStatus{"flight_number", "date"};

using enum ToolKind;
constexpr std::array<DeskTool, 14> kTools{{
    {"book_reservation", kWrite, kBook, RunTool<BookReservation>},
    {"calculate", kGeneric, kExpression, RunTool<CalculateTool>},
    {"cancel_reservation", kWrite, kReservationId, RunTool<CancelReservation>},
    {"get_flight_status", kRead, kStatus, RunTool<GetFlightStatus>},
    {"get_reservation_details", kRead, kReservationId, RunTool<GetReservationDetails>},
    {"get_user_details", kRead, kUserId, RunTool<GetUserDetails>},
    {"list_all_airports", kRead, {}, RunTool<ListAllAirports>},
    {"search_direct_flight", kRead, kSearch, RunTool<SearchDirectTau2>},
    {"search_onestop_flight", kRead, kSearch, RunTool<SearchOnestopTau2>},
    {"send_certificate", kWrite, kCertificate, RunTool<SendCertificate>},
    {"transfer_to_human_agents", kGeneric, kSummary, RunTool<TransferToHumanAgents>},
    {"update_reservation_baggages", kWrite, kBaggages, RunTool<UpdateBaggages>},
    {"update_reservation_flights", kWrite, kNewFlights, RunTool<UpdateFlights>},
    {"update_reservation_passengers", kWrite, kPassengers, RunTool<UpdatePassengers>},
}};

}  // namespace

constinit const Desk kTau2Airline = {{"tau2/airline", Benchmark::kTau2, kTau2AirlineTables}, kTools, ""};

// Our own desk ends with the hand-over: nobody answers after it, and a small model would hand over until its limit.
constinit const Desk kBundledAirline = {
    {"tau2/airline", Benchmark::kTau2, kTau2AirlineTables}, kTools, "transfer_to_human_agents"};

}  // namespace xsweep
