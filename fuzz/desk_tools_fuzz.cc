// Any JSON as a tool's arguments: no crash, no hang, no call that shows on another fork; errors say "Error".
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "parts/environments/retail/tools.h"
#include "parts/environments/world/tools.h"
#include "parts/environments/world/world_hash.h"

namespace xsweep {
namespace {

constexpr std::string_view kAirport = R"({
 "flights": {"F1": {"flight_number": "F1", "origin": "AAA", "destination": "BBB",
    "scheduled_departure_time_est": "06:00:00", "scheduled_arrival_time_est": "07:00:00+1", "dates": {
      "2024-05-20": {"status": "available", "available_seats": {"economy": 2}, "prices": {"economy": 100}}}}},
 "reservations": {"R1": {"reservation_id": "R1", "user_id": "ann", "origin": "AAA", "destination": "BBB",
   "flight_type": "one_way", "cabin": "economy",
   "flights": [{"flight_number": "F1", "origin": "AAA", "destination": "BBB", "date": "2024-05-20", "price": 90}],
   "passengers": [{"first_name": "Ann", "last_name": "Lee", "dob": "1990-01-01"}],
   "payment_history": [{"payment_id": "gift_1", "amount": 90}], "created_at": "2024-05-01T00:00:00",
   "total_baggages": 1, "nonfree_baggages": 0, "insurance": "no"}},
 "users": {"ann": {"user_id": "ann", "payment_methods": {"gift_1": {"source": "gift_card", "id": "gift_1", "amount": 120},
     "card_1": {"source": "credit_card", "id": "card_1", "brand": "visa", "last_four": "1234"}}, "reservations": ["R1"]}}})";
constexpr std::string_view kShop = R"({"products": {}, "users": {}, "orders": {}})";

void Try(const Desk& desk, const std::shared_ptr<const World>& world, std::string_view tool, const Json& arguments) {
  State state(world);
  const State untouched = state;
  for (int twice = 0; twice < 2; ++twice) {
    const ToolOutput output = CallTool(desk, state, tool, arguments);
    const bool says_so = output.content.starts_with("Error") || output.content.starts_with("Unknown action");
    CHECK(output.error == says_so || (!output.error && !says_so), "an error must read as one");
  }
  CHECK(untouched.untouched() && StateHash(untouched) == WorldHash(*world), "a call showed on another fork");
  CHECK(StrictlyEqual(state, untouched) == (StateHash(state) == WorldHash(*world)), "equality and hash disagree");
}

}  // namespace
}  // namespace xsweep

/// The first byte picks desk and tool, the rest is the arguments.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace xsweep;  // NOLINT
  static const auto airline2 = *World::Parse(kTau2Airline.world, kAirport, "airport");
  static const auto airline1 = *World::Parse(kTau1Airline.world, kAirport, "airport");
  static const auto retail2 = *World::Parse(kTau2Retail.world, kShop, "shop");
  static const auto retail1 = *World::Parse(kTau1Retail.world, kShop, "shop");
  if (size < 2) return 0;
  const auto arguments = Json::Parse({reinterpret_cast<const char*>(data + 1), size - 1});
  if (!arguments) return 0;
  const std::size_t which = data[0];
  const Desk* desks[] = {&kTau2Airline, &kTau1Airline, &kTau2Retail, &kTau1Retail};
  const std::shared_ptr<const World> worlds[] = {airline2, airline1, retail2, retail1};
  const Desk& desk = *desks[which % 4];
  Try(desk, worlds[which % 4], desk.tools[which / 4 % desk.tools.size()].name, *arguments);
  return 0;
}
