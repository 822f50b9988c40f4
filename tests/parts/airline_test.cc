// The airline desk answers, charges and refuses as both references do, also where they are wrong.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/draw.h"
#include "parts/environments/airline/data.h"
#include "parts/environments/world/tools.h"
#include "parts/environments/world/world_hash.h"
#include "parts/parsed.h"

namespace xsweep {
namespace {

// Ann may fly AAA-BBB-CCC; she has a reservation on the first leg and three ways to pay.
constexpr std::string_view kAirport = R"({
 "flights": {
  "F1": {"flight_number": "F1", "origin": "AAA", "destination": "BBB", "scheduled_departure_time_est": "06:00:00",
    "scheduled_arrival_time_est": "07:00:00", "dates": {
      "2024-05-20": {"status": "available", "available_seats": {"basic_economy": 1, "economy": 2, "business": 3},
                     "prices": {"basic_economy": 50, "economy": 100, "business": 200}},
      "2024-05-21": {"status": "delayed"}}},
  "F2": {"flight_number": "F2", "origin": "BBB", "destination": "CCC", "scheduled_departure_time_est": "08:00:00",
    "scheduled_arrival_time_est": "09:00:00", "dates": {
      "2024-05-20": {"status": "available", "available_seats": {"basic_economy": 9, "economy": 9, "business": 9},
                     "prices": {"basic_economy": 60, "economy": 110, "business": 210}}}}},
 "reservations": {"R1": {"reservation_id": "R1", "user_id": "ann", "origin": "AAA", "destination": "BBB",
   "flight_type": "one_way", "cabin": "economy",
   "flights": [{"flight_number": "F1", "origin": "AAA", "destination": "BBB", "date": "2024-05-20", "price": 90}],
   "passengers": [{"first_name": "Ann", "last_name": "Lee", "dob": "1990-01-01"}],
   "payment_history": [{"payment_id": "gift_1", "amount": 90}], "created_at": "2024-05-01T00:00:00",
   "total_baggages": 1, "nonfree_baggages": 0, "insurance": "no"}},
 "users": {"ann": {"user_id": "ann", "name": {"first_name": "Ann", "last_name": "Lee"},
   "address": {"address1": "1 Elm", "city": "Ulm", "country": "USA", "state": "TX", "zip": "1"},
   "email": "a@example.com", "dob": "1990-01-01", "payment_methods": {
     "gift_1": {"source": "gift_card", "id": "gift_1", "amount": 120},
     "cert_1": {"source": "certificate", "id": "cert_1", "amount": 100},
     "card_1": {"source": "credit_card", "id": "card_1", "brand": "visa", "last_four": "1234"}},
   "saved_passengers": [], "membership": "gold", "reservations": ["R1"]}}})";

class Airport : public testing::TestWithParam<const Desk*> {
 protected:
  Airport() : state_(*World::Parse(desk().world, kAirport, "airport")) {}
  static const Desk& desk() { return *GetParam(); }
  static bool tau2() { return desk().world.benchmark == Benchmark::kTau2; }
  std::string Ask(std::string_view tool, std::string_view arguments) {
    return CallTool(desk(), state_, tool, Parsed(arguments)).content;
  }
  /// Ann books F1 in economy for one, paying as said.
  std::string Book(const std::string& payments, const std::string& bags = "0") {
    return Ask("book_reservation",
               R"({"user_id": "ann", "origin": "AAA", "destination": "BBB", "flight_type": "one_way",
        "cabin": "economy", "flights": [{"flight_number": "F1", "date": "2024-05-20"}],
        "passengers": [{"first_name": "A", "last_name": "B", "dob": "2000-01-01"}], "total_baggages": 0,
        "insurance": "no", "payment_methods": )" +
                   payments + R"(, "nonfree_baggages": )" + bags + "}");
  }
  Json Method(std::string_view id) {
    const Json* method = state_.Find(kUsers, "ann")->Find("payment_methods")->Find(id);
    return method == nullptr ? Json() : *method->Find("amount");
  }
  Json Reservation(std::string_view field) { return *state_.Find(kReservations, "R1")->Find(field); }
  std::string Says(std::string_view tau2_text, std::string_view tau1_text) {
    return "Error: " + std::string(tau2() ? tau2_text : tau1_text);
  }
  State state_;
};
INSTANTIATE_TEST_SUITE_P(Both, Airport, testing::Values(&kTau2Airline, &kTau1Airline),
                         [](const auto& tested) { return tested.param == &kTau2Airline ? "Tau2" : "Tau1"; });

TEST_P(Airport, ShowsAReservationAsItsReferencePrintsIt) {
  const std::string text = Ask("get_reservation_details", R"({"reservation_id": "R1"})");
  EXPECT_EQ(text.ends_with(tau2() ? R"("insurance": "no", "status": null})" : R"("insurance": "no"})"), true) << text;
  EXPECT_EQ(Method("gift_1"), tau2() ? Json(120.0) : Json(120));
}

TEST_P(Airport, LowersSeatsOnBookingInTau2Only) {
  EXPECT_TRUE(Book(R"([{"payment_id": "card_1", "amount": 100}])").starts_with(R"({"reservation_id": "HATHAT")"));
  const Json& day = *FlightOn(*state_.Find(kFlights, "F1"), "2024-05-20");
  EXPECT_EQ(*day.Find("available_seats")->Find("economy"), Json(tau2() ? 1 : 2));
  const std::string found =
      Ask("search_direct_flight", R"({"origin": "AAA", "destination": "BBB", "date": "2024-05-20"})");
  EXPECT_NE(found.find(tau2() ? R"("economy": 1, "business": 3)" : R"("economy": 2, "business": 3)"),
            std::string::npos);
}

TEST_P(Airport, RefusesAPaymentThatDoesNotAddUp) {
  EXPECT_EQ(Book(R"([{"payment_id": "card_1", "amount": 99}])"),
            Says("Payment amount does not add up, total price is 100, but paid 99",
                 "payment amount does not add up, total price is 100, but paid 99"));
  EXPECT_TRUE(state_.Diff().empty());
}

TEST_P(Airport, LetsOneGiftCardBeOverdrawnByUsingItTwice) {
  const std::string twice = R"([{"payment_id": "gift_1", "amount": 75}, {"payment_id": "gift_1", "amount": 75}])";
  EXPECT_FALSE(Book(twice, "1").starts_with("Error"));
  EXPECT_EQ(Method("gift_1"), tau2() ? Json(-30.0) : Json(-30));
}

TEST_P(Airport, KeepsWhatItDebitedBeforeACertificateIsUsedTwice) {
  EXPECT_TRUE(Book(R"([{"payment_id": "gift_1", "amount": 50}, {"payment_id": "cert_1", "amount": 50},
                       {"payment_id": "cert_1", "amount": 0}])")
                  .starts_with("Error"));
  EXPECT_EQ(Method("gift_1"), tau2() ? Json(70.0) : Json(70));
  EXPECT_TRUE(Method("cert_1").is_null());
  EXPECT_FALSE(state_.Contains(kReservations, "HATHAT"));
}

TEST_P(Airport, RefundsTwiceWhenCancelledTwice) {
  Ask("cancel_reservation", R"({"reservation_id": "R1"})");
  Ask("cancel_reservation", R"({"reservation_id": "R1"})");
  EXPECT_EQ(Reservation("payment_history").size(), 4U);
  EXPECT_EQ(Reservation("status"), Json("cancelled"));
}

TEST_P(Airport, ChargesANewCabinAndStoresItInTau2Only) {
  const std::string text = Ask("update_reservation_flights", R"({"reservation_id": "R1", "cabin": "business",
      "flights": [{"flight_number": "F1", "date": "2024-05-20"}], "payment_id": "gift_1"})");
  EXPECT_FALSE(text.starts_with("Error")) << text;
  EXPECT_EQ(Reservation("cabin"), Json(tau2() ? "business" : "economy"));
  EXPECT_EQ(Method("gift_1"), tau2() ? Json(10.0) : Json(10));
  EXPECT_EQ(*Reservation("flights").items()[0].Find("price"), Json(200));
}

TEST_P(Airport, KeepsTheFareOfAFlightThatStays) {
  Ask("update_reservation_flights", R"({"reservation_id": "R1", "cabin": "economy",
      "flights": [{"flight_number": "F1", "date": "2024-05-20"}], "payment_id": "card_1"})");
  EXPECT_EQ(*Reservation("flights").items()[0].Find("price"), Json(90));
  EXPECT_EQ(Reservation("payment_history").size(), 1U);
}

TEST_P(Airport, StoresAnyBaggageTotalThatItIsGiven) {
  for (const char* odd : {"null", "true", "\"5\"", "[]", "{\"a\": 1}", "1e+22", "100000000000000000000"}) {
    Ask("update_reservation_baggages", std::string(R"({"reservation_id": "R1", "nonfree_baggages": 0,
        "payment_id": "card_1", "total_baggages": )") +
                                           odd + "}");
    EXPECT_EQ(Reservation("total_baggages"), Parsed(odd));
  }
  EXPECT_TRUE(Ask("update_reservation_baggages", R"({"reservation_id": "R1", "nonfree_baggages": "5",
                  "payment_id": "card_1", "total_baggages": 1})")
                  .starts_with("Error"));
}

TEST_P(Airport, DebitsAGiftCardBeforeTau2FindsThatHalfDollarsAreNoAmount) {
  const std::string text = Ask("update_reservation_baggages", R"({"reservation_id": "R1", "total_baggages": 3,
                                "nonfree_baggages": 1.01, "payment_id": "gift_1"})");
  EXPECT_EQ(text.starts_with("Error"), tau2());
  EXPECT_EQ(Method("gift_1"), Json(69.5));
  EXPECT_EQ(Reservation("total_baggages"), Json(tau2() ? 1 : 3));
}

TEST_P(Airport, SendsThreeCertificatesAndNoFourth) {
  for (const char* id : {"certificate_3221322", "certificate_3221323", "certificate_3221324"}) {
    EXPECT_EQ(Ask("send_certificate", R"({"user_id": "ann", "amount": 200})"),
              "Certificate " + std::string(id) + " added to user ann with amount 200.");
    EXPECT_EQ(Method(id), tau2() ? Json(200.0) : Json(200));
  }
  const ToolOutput fourth = CallTool(desk(), state_, "send_certificate", Parsed(R"({"user_id": "ann", "amount": 1})"));
  EXPECT_TRUE(fourth.error);
  EXPECT_EQ(fourth.escapes, !tau2());
}

TEST_P(Airport, FindsConnectionsThatCanBeReached) {
  const std::string pairs =
      Ask("search_onestop_flight", R"({"origin": "AAA", "destination": "CCC", "date": "2024-05-20"})");
  const Json found = Parsed(pairs);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.items()[0].items()[1].StringOr("flight_number", ""), "F2");
  EXPECT_EQ(found.items()[0].items()[1].StringOr("date", ""), "2024-05-20");
}

TEST_P(Airport, TakesANullAirportForAnyInTau2Only) {
  const std::string found =
      Ask("search_direct_flight", R"({"origin": null, "destination": null, "date": "2024-05-20"})");
  EXPECT_EQ(Parsed(found).size(), tau2() ? 2U : 0U);
}

TEST_P(Airport, NamesTheArgumentAtFault) {
  EXPECT_EQ(Ask("get_user_details", "{}"), "Error: missing argument 'user_id' of get_user_details");
  EXPECT_EQ(Ask("get_user_details", R"({"user_id": "ann", "x": 1})"),
            "Error: unexpected argument 'x' of get_user_details");
  EXPECT_EQ(Ask("get_user_details", R"({"user_id": []})"), "Error: argument user_id must be a string, not []");
  EXPECT_EQ(Ask("no_such_tool", "{}"),
            tau2() ? "Error: Tool 'no_such_tool' not found." : "Unknown action no_such_tool");
}

// Calls on the real data, seeded: mostly sensible, some with arguments of another kind.
class RandomCalls {
 public:
  RandomCalls(const Desk& desk, const World& world, std::uint32_t trial)
      : desk_(desk), world_(world), draws_(23, "airline", trial), first_(Pick(1900)) {}

  std::pair<std::string_view, Json> Next() {
    const DeskTool& tool = desk_.tools[Pick(desk_.tools.size())];
    const Json& reservation = world_.record(kReservations, static_cast<int>(first_ + Pick(3)));
    Json arguments = Json::MakeObject(std::vector<Json::Member>());
    for (const std::string_view name : tool.parameters) {
      arguments.Set(name, Pick(25) == 0 ? Odd() : Value(name, reservation));
    }
    return {tool.name, arguments};
  }

 private:
  std::size_t Pick(std::size_t count) {
    return static_cast<std::size_t>(draws_.Integer("calls", step_++, 0, static_cast<std::int64_t>(count) - 1));
  }
  Json Odd() {
    const Json odd[] = {nullptr, true, 5, -2.5, "", " 7 ", Json::MakeArray(), Parsed("{\"a\": 1}"), Parsed("[[1],{}]")};
    return odd[Pick(std::size(odd))];
  }
  Json Payment(const Json& reservation) {
    const Json* methods = User(reservation).Find("payment_methods");
    return methods->size() == 0 ? Json("none") : Json(methods->members()[Pick(methods->size())].first);
  }
  const Json& User(const Json& reservation) const {
    return world_.record(kUsers, world_.IndexOf(kUsers, reservation.StringOr("user_id", "")));
  }
  Json Value(std::string_view name, const Json& reservation) {
    if (name == "payment_id") return Payment(reservation);
    if (name == "payment_methods") {
      return Json::MakeArray({Json::MakeObject({{"payment_id", Payment(reservation)}, {"amount", 0}})});
    }
    if (name == "total_baggages" || name == "nonfree_baggages") return static_cast<int>(Pick(4));
    if (name == "amount") return 100;
    if (name == "date") return "2024-05-20";
    if (name == "flight_number") return "HAT001";
    if (name == "expression") return "2 * (3 + 4)";
    const Json* own = reservation.Find(name);
    return own == nullptr ? Json("text") : *own;
  }

  const Desk& desk_;
  const World& world_;
  Draws draws_;
  std::uint32_t step_ = 0;
  std::size_t first_;
};

class RealAirline : public testing::TestWithParam<const Desk*> {
 protected:
  void SetUp() override {
    const char* given = std::getenv("XSWEEP_TAU_DIR");
    const std::filesystem::path root = given != nullptr ? given : XSWEEP_SOURCE_DIR "/../shared/tau";
    if (!std::filesystem::exists(root / GetParam()->world.desk)) {
      GTEST_SKIP() << "no benchmark data at " << root << "; set XSWEEP_TAU_DIR to run this";
    }
    auto world = World::Load(GetParam()->world, root / GetParam()->world.desk);
    ASSERT_TRUE(world) << world.error().Text();
    world_ = *world;
  }
  std::shared_ptr<const World> world_;
};
INSTANTIATE_TEST_SUITE_P(Both, RealAirline, testing::Values(&kTau2Airline, &kTau1Airline),
                         [](const auto& tested) { return tested.param == &kTau2Airline ? "Tau2" : "Tau1"; });

TEST_P(RealAirline, HasTheReferencesInitialHash) {
  const std::string tau2 = "124e39a664b56402bcd09cb8a6a9cece6acb8462337c969799d5658e3250f263";
  const std::string tau1 = "4587e6b48ad2b2c4f3e1fecb40aabec7bb2286513273b8f8cec3f5865222f290";
  EXPECT_EQ(WorldHash(*world_), GetParam() == &kTau2Airline ? tau2 : tau1);
}

TEST_P(RealAirline, KeepsItsInvariantsUnderRandomCalls) {
  int changed = 0;
  for (std::uint32_t trial = 0; trial < 80; ++trial) {
    RandomCalls calls(*GetParam(), *world_, trial);
    State state(world_);
    for (int i = 0; i < 8; ++i) {
      const auto [tool, arguments] = calls.Next();
      const State before = state;
      State other = state;
      const ToolOutput output = CallTool(*GetParam(), other, tool, arguments);
      ASSERT_TRUE(StrictlyEqual(before, state)) << "a call on a fork showed: " << tool << arguments.Dump();
      ASSERT_EQ(CallTool(*GetParam(), state, tool, arguments).content, output.content);
      ASSERT_TRUE(StrictlyEqual(state, other) && CanonicallyEqual(state, other));
      ASSERT_EQ(StrictlyEqual(before, state), StateHash(before) == StateHash(state)) << tool << arguments.Dump();
    }
    State rebuilt(world_);
    for (const RecordChange& change : state.Diff()) {
      const int table = change.table == "flights" ? kFlights : change.table == "users" ? kUsers : kReservations;
      rebuilt.Insert(table, change.id, change.after);
    }
    ASSERT_EQ(StateHash(rebuilt), StateHash(state)) << "start + difference is not the state";
    ASSERT_EQ(state.Diff().empty(), StateHash(state) == WorldHash(*world_));
    changed += state.Diff().empty() ? 0 : 1;
  }
  EXPECT_GT(changed, 40);
  EXPECT_EQ(StateHash(State(world_)), WorldHash(*world_));
}

}  // namespace
}  // namespace xsweep
