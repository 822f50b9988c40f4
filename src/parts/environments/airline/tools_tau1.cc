// tau1/airline: the desk, its reading tools, cancelling, certificates.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "parts/environments/airline/lookups.h"
#include "parts/environments/airline/tau1.h"
#include "parts/environments/world/calculate.h"
#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"
#include "python/value.h"

namespace xsweep {
namespace {

using namespace tau1_airline;  // NOLINT(google-build-using-namespace): this file is that namespace's desk
using Text = Expected<std::string>;

Text CalculateTool(State&, const Json& arguments) {
  return CalculateArgument(Argument(arguments, "expression"), "invalid characters in expression");
}

Text CancelReservation(State& state, const Json& arguments) {
  const Json& id = Argument(arguments, "reservation_id");
  TRY_ASSIGN(const Json* reservation,
             FindRecord(state, kReservations, id, "reservation_id", [] { return "reservation not found"; }));
  TRY_ASSIGN(const Json* paid, Field(*reservation, "payment_history", "the reservation"));
  TRY_ASSIGN(const std::vector<Json> payments, Elements(*paid, "payment_history"));
  // A booking may have stored "" or {} here, to which nothing can be added.
  if (!paid->is_array()) return BadArgument("payment_history", "a list", *paid);
  std::vector<Json> refunds;
  for (const Json& payment : payments) {
    TRY_ASSIGN(const Json* payment_id, Field(payment, "payment_id", "a payment"));
    TRY_ASSIGN(const Json* amount, Field(payment, "amount", "a payment"));
    TRY_ASSIGN(Json refund, PythonNegate(*amount, "amount"));
    refunds.push_back(Json::MakeObject({{"payment_id", *payment_id}, {"amount", std::move(refund)}}));
  }
  Json* changed = state.Mutable(kReservations, id.AsString());
  for (Json& refund : refunds) changed->FindMutable("payment_history")->Append(std::move(refund));
  changed->Set("status", "cancelled");
  return PythonJson(*changed);
}

// The reference says "user" here too.
Text GetReservationDetails(State& state, const Json& arguments) {
  return ReadRecord(state, kReservations, Argument(arguments, "reservation_id"), "reservation_id",
                    [] { return "user not found"; });
}

Text GetUserDetails(State& state, const Json& arguments) {
  return ReadRecord(state, kUsers, Argument(arguments, "user_id"), "user_id", [] { return "user not found"; });
}

Text ListAllAirports(State&, const Json&) {
  Json cities = Json::MakeObject(std::vector<Json::Member>());
  for (const auto& [iata, city] : Airports()) cities.Set(iata, city);
  return PythonJson(cities);
}

ToolOutput SendCertificate(State& state, const Json& arguments) {
  const Json& amount = Argument(arguments, "amount");
  const Json& user_id = Argument(arguments, "user_id");
  const auto user = FindRecord(state, kUsers, user_id, "user_id", [] { return "user not found"; });
  if (!user) return ToolError(user.error().message);
  const Json* methods = PaymentMethods(**user);
  for (const std::string_view id : {"certificate_3221322", "certificate_3221323", "certificate_3221324"}) {
    if (methods != nullptr && methods->Find(id) != nullptr) continue;
    const auto owned = MutableField(state, kUsers, user_id.AsString(), "payment_methods");
    if (!owned) return ToolError(owned.error().message);
    (*owned)->Set(id, Json::MakeObject({{"source", "certificate"}, {"amount", amount}, {"id", id}}));
    return {.content = fmt::format("Certificate {} added to user {} with amount {}.", id, user_id.AsString(),
                                   PythonStr(amount))};
  }
  ToolOutput output = ToolError("too many certificates");
  output.escapes = true;  // the reference answers None, which its own response type refuses
  return output;
}

Text Think(State&, const Json&) { return ""; }
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
constexpr std::array<Names, 1> kThought{"thought"};
constexpr std::array<Names, 1> kSummary{"summary"};
constexpr std::array<Names, 4> kBaggages{"reservation_id", "total_baggages", "nonfree_baggages", "payment_id"};
constexpr std::array<Names, 4> kNewFlights{"reservation_id", "cabin", "flights", "payment_id"};
constexpr std::array<Names, 2> kPassengers{"reservation_id", "passengers"};

using enum ToolKind;
constexpr std::array<DeskTool, 14> kTools{{
    {"book_reservation", kWrite, kBook, RunTool<BookReservation>},
    {"calculate", kGeneric, kExpression, RunTool<CalculateTool>},
    {"cancel_reservation", kWrite, kReservationId, RunTool<CancelReservation>},
    {"get_reservation_details", kRead, kReservationId, RunTool<GetReservationDetails>},
    {"get_user_details", kRead, kUserId, RunTool<GetUserDetails>},
    {"list_all_airports", kRead, {}, RunTool<ListAllAirports>},
    {"search_direct_flight", kRead, kSearch, RunTool<SearchDirectTau1>},
    {"search_onestop_flight", kRead, kSearch, RunTool<SearchOnestopTau1>},
    {"send_certificate", kWrite, kCertificate, SendCertificate},
    {"think", kGeneric, kThought, RunTool<Think>},
    {"transfer_to_human_agents", kGeneric, kSummary, RunTool<TransferToHumanAgents>},
    {"update_reservation_baggages", kWrite, kBaggages, RunTool<UpdateBaggages>},
    {"update_reservation_flights", kWrite, kNewFlights, RunTool<UpdateFlights>},
    {"update_reservation_passengers", kWrite, kPassengers, RunTool<UpdatePassengers>},
}};

}  // namespace

constinit const Desk kTau1Airline = {
    {"tau1/airline", Benchmark::kTau1, kTau1AirlineTables}, kTools, "transfer_to_human_agents"};

}  // namespace xsweep
