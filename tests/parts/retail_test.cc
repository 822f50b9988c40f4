// The retail desk answers, refuses and changes its records as both references do.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/draw.h"
#include "parts/environments/retail/records.h"
#include "parts/environments/retail/tools.h"
#include "parts/environments/world/world_hash.h"
#include "parts/parsed.h"

namespace xsweep {
namespace {

ToolOutput Call(const Desk& desk, State& state, std::string_view tool, const Json& arguments) {
  for (const DeskTool& candidate : desk.tools) {
    if (candidate.name == tool) return candidate.run(state, arguments);
  }
  return ToolError("no such tool");
}

// One customer with a pending order of two cups and a delivered one of a lamp.
constexpr std::string_view kTwoOrders = R"({
 "products": {"P1": {"name": "Cup", "product_id": "P1", "variants": {
    "c1": {"item_id": "c1", "options": {"color": "red"}, "available": true, "price": 10.1},
    "c2": {"item_id": "c2", "options": {"color": "blue"}, "available": true, "price": 10.4},
    "c3": {"item_id": "c3", "options": {"color": "gold"}, "available": true, "price": 99.99},
    "c4": {"item_id": "c4", "options": {"color": "none"}, "available": false, "price": 1.0}}},
  "P0": {"name": "Axe", "product_id": "P0", "variants": {}}},
 "users": {"ann_lee_1": {"user_id": "ann_lee_1", "name": {"first_name": "Ann", "last_name": "Lee"},
   "address": {"address1": "1 Elm", "address2": "", "city": "Ulm", "country": "USA", "state": "TX", "zip": "78737"},
   "email": "ann@example.com", "orders": ["#W1", "#W2"],
   "payment_methods": {"gift_card_1": {"source": "gift_card", "balance": 50, "id": "gift_card_1"},
     "paypal_1": {"source": "paypal", "id": "paypal_1"},
     "credit_card_1": {"source": "credit_card", "brand": "visa", "last_four": "1234", "id": "credit_card_1"}}}},
 "orders": {"#W1": {"order_id": "#W1", "user_id": "ann_lee_1", "address": {"address1": "1 Elm", "address2": "",
     "city": "Ulm", "country": "USA", "state": "TX", "zip": "78737"},
   "items": [{"name": "Cup", "product_id": "P1", "item_id": "c1", "price": 10.1, "options": {"color": "red"}},
             {"name": "Cup", "product_id": "P1", "item_id": "c2", "price": 10.4, "options": {"color": "blue"}}],
   "fulfillments": [], "status": "pending",
   "payment_history": [{"transaction_type": "payment", "amount": 20.5, "payment_method_id": "gift_card_1"}]},
  "#W2": {"order_id": "#W2", "user_id": "ann_lee_1", "address": {"address1": "1 Elm", "address2": "",
     "city": "Ulm", "country": "USA", "state": "TX", "zip": "78737"},
   "items": [{"name": "Cup", "product_id": "P1", "item_id": "c3", "price": 99.99, "options": {"color": "gold"}}],
   "fulfillments": [], "status": "delivered",
   "payment_history": [{"transaction_type": "payment", "amount": 99.99, "payment_method_id": "paypal_1"}]}}})";

class Shop : public testing::TestWithParam<const Desk*> {
 protected:
  Shop() : state_(*World::Parse(desk().world, kTwoOrders, "shop")) {}
  static const Desk& desk() { return *GetParam(); }
  static bool tau1() { return desk().world.benchmark == Benchmark::kTau1; }
  std::string Ask(std::string_view tool, std::string_view arguments) {
    return Call(desk(), state_, tool, Parsed(arguments)).content;
  }
  Json Order(std::string_view id) { return *state_.Find(kOrders, id); }
  Json Balance() {
    return *state_.Find(kUsers, "ann_lee_1")->Find("payment_methods")->Find("gift_card_1")->Find("balance");
  }
  State state_;
};
INSTANTIATE_TEST_SUITE_P(Both, Shop, testing::Values(&kTau2Retail, &kTau1Retail),
                         [](const auto& tested) { return tested.param == &kTau2Retail ? "Tau2" : "Tau1"; });

TEST_P(Shop, FindsACustomerWhateverTheCase) {
  EXPECT_EQ(Ask("find_user_id_by_email", R"({"email":"ANN@Example.com"})"), "ann_lee_1");
  EXPECT_EQ(Ask("find_user_id_by_name_zip", R"({"first_name":"aNN","last_name":"LEE","zip":"78737"})"), "ann_lee_1");
  EXPECT_EQ(Ask("find_user_id_by_name_zip", R"({"first_name":"Ann","last_name":"Lee","zip":"1"})"),
            tau1() ? "Error: user not found" : "Error: User not found");
}

TEST_P(Shop, FindsACustomerAtTheAddressOfNow) {
  Ask("modify_user_address", R"({"user_id":"ann_lee_1","address1":"a","address2":"b","city":"c","state":"d",
                                 "country":"e","zip":"00001"})");
  EXPECT_EQ(Ask("find_user_id_by_name_zip", R"({"first_name":"Ann","last_name":"Lee","zip":"00001"})"), "ann_lee_1");
  EXPECT_TRUE(
      Ask("find_user_id_by_name_zip", R"({"first_name":"Ann","last_name":"Lee","zip":"78737"})").starts_with("Error"));
}

TEST_P(Shop, ListsProductTypesByName) {
  EXPECT_EQ(Ask("list_all_product_types", "{}"), R"({"Axe": "P0", "Cup": "P1"})");
}

TEST_P(Shop, RefundsACancelledOrderToTheGiftCardAtOnce) {
  Ask("cancel_pending_order", R"({"order_id":"#W1","reason":"no longer needed"})");
  EXPECT_EQ(Balance(), Json(70.5));
  EXPECT_EQ(Order("#W1").StringOr("status", ""), "cancelled");
  EXPECT_EQ(Order("#W1").Find("payment_history")->size(), 2U);
  EXPECT_EQ(Ask("cancel_pending_order", R"({"order_id":"#W1","reason":"no longer needed"})"),
            tau1() ? "Error: non-pending order cannot be cancelled" : "Error: Non-pending order cannot be cancelled");
  EXPECT_EQ(Balance(), Json(70.5));
}

TEST_P(Shop, GivesModifiedItemsThePriceThatItsReferenceGives) {
  Ask("modify_pending_order_items",
      R"({"order_id":"#W1","item_ids":["c1","c2"],"new_item_ids":["c3","c1"],"payment_method_id":"paypal_1"})");
  const Json items = *Order("#W1").Find("items");
  EXPECT_EQ(items.items()[0].StringOr("item_id", ""), "c3");
  EXPECT_EQ(*items.items()[0].Find("price"), Json(tau1() ? 99.99 : 10.1));
  EXPECT_EQ(*items.items()[1].Find("price"), Json(10.1));
  // 99.99 - 10.1 + 10.1 - 10.4, summed up in that order and never rounded.
  EXPECT_EQ(*Order("#W1").Find("payment_history")->items()[1].Find("amount"), Json((99.99 - 10.1) + (10.1 - 10.4)));
}

TEST_P(Shop, ModifiesTheFirstItemThatHasTheIdByThen) {
  Ask("modify_pending_order_items",
      R"({"order_id":"#W1","item_ids":["c1","c2"],"new_item_ids":["c2","c3"],"payment_method_id":"paypal_1"})");
  const Json items = *Order("#W1").Find("items");
  EXPECT_EQ(items.items()[0].StringOr("item_id", ""), "c3");
  EXPECT_EQ(items.items()[1].StringOr("item_id", ""), "c2");
  EXPECT_EQ(*items.items()[1].Find("price"), Json(10.4));
}

TEST_P(Shop, LetsOnlyTau1ModifyAnItemIntoItself) {
  const std::string answer = Ask("modify_pending_order_items", R"({"order_id":"#W1","item_ids":["c1"],
                                   "new_item_ids":["c1"],"payment_method_id":"gift_card_1"})");
  EXPECT_EQ(answer.starts_with("Error"), !tau1());
}

TEST_P(Shop, ExchangesAnEmptyListForNothing) {
  Ask("exchange_delivered_order_items",
      R"({"order_id":"#W2","item_ids":[],"new_item_ids":"","payment_method_id":"paypal_1"})");
  EXPECT_EQ(Order("#W2").StringOr("status", ""), "exchange requested");
  EXPECT_EQ(*Order("#W2").Find("exchange_price_difference"), Json(0));
}

TEST_P(Shop, RefusesAnExchangeThatTheGiftCardCannotPay) {
  Ask("exchange_delivered_order_items",
      R"({"order_id":"#W2","item_ids":["c3"],"new_item_ids":["c1"],"payment_method_id":"gift_card_1"})");
  EXPECT_EQ(*Order("#W2").Find("exchange_price_difference"), Json(-89.89));
  state_.Reset();
  EXPECT_EQ(Ask("modify_pending_order_items",
                R"({"order_id":"#W1","item_ids":["c1"],"new_item_ids":["c3"],"payment_method_id":"gift_card_1"})"),
            tau1() ? "Error: insufficient gift card balance to pay for the new item"
                   : "Error: Insufficient gift card balance to pay for the new item");
  EXPECT_TRUE(state_.untouched());
}

TEST_P(Shop, RefundsAReturnOnlyToTheOriginalMethodOrAGiftCard) {
  const auto pay_to = [&](std::string_view method) {
    return Ask("return_delivered_order_items",
               R"({"order_id":"#W2","item_ids":["c3"],"payment_method_id":")" + std::string(method) + "\"}");
  };
  EXPECT_EQ(pay_to("credit_card_1"),
            tau1() ? "Error: payment method should be either the original payment method or a gift card"
                   : "Error: Payment method should be the original payment method");
  EXPECT_TRUE(state_.untouched());
  EXPECT_FALSE(pay_to("gift_card_1").starts_with("Error"));
  EXPECT_EQ(Order("#W2").StringOr("return_payment_method_id", ""), "gift_card_1");
}

TEST_P(Shop, KeepsAnOddAddressOnlyInTau1) {
  const std::string answer = Ask("modify_pending_order_address", R"({"order_id":"#W1","address1":5,"address2":null,
      "city":"Ulm","state":"TX","country":"USA","zip":[1]})");
  EXPECT_EQ(answer.starts_with("Error"), !tau1());
  if (tau1()) {
    EXPECT_EQ(*Order("#W1").Find("address")->Find("zip"), Parsed("[1]"));
  } else {
    EXPECT_NE(answer.find("argument address1 "), std::string::npos) << answer;
  }
}

TEST_P(Shop, NamesTheArgumentThatCannotBeUsed) {
  EXPECT_NE(Ask("get_order_details", R"({"order_id":["#W1"]})").find("argument order_id "), std::string::npos);
  EXPECT_NE(Ask("find_user_id_by_email", R"({"email":7})").find("argument email "), std::string::npos);
  EXPECT_NE(Ask("calculate", R"({"expression":["1"]})").find("argument expression "), std::string::npos);
  EXPECT_NE(Ask("return_delivered_order_items", R"({"order_id":"#W2","item_ids":5,"payment_method_id":"paypal_1"})")
                .find("argument item_ids "),
            std::string::npos);
  EXPECT_TRUE(state_.untouched());
}

TEST(BrokenRecords, AreRefusedRatherThanTrusted) {
  const auto world = *World::Parse(kTau1Retail.world, R"({"products":{},"users":{},
      "orders":{"#W1":{"status":"pending","user_id":"nobody","items":[{}],"payment_history":7}}})",
                                   "broken");
  State state(world);
  for (const std::string_view tool : {"cancel_pending_order", "modify_pending_order_items"}) {
    EXPECT_TRUE(Call(kTau1Retail, state, tool, Parsed(R"({"order_id":"#W1","reason":"no longer needed","item_ids":[],
        "new_item_ids":[],"payment_method_id":"x"})"))
                    .error);
  }
  EXPECT_TRUE(state.untouched());
}

// --- The benchmarks' own data -------------------------------------------------------------------------------------

struct Recorded {
  const Desk* desk;
  const char* folder;     // under the data directory
  const char* tasks;      // under recorded/
  const char* arguments;  // names of the fields
  const char* answer;
  const char* hash_after;
};
constexpr Recorded kRecorded[] = {
    {&kTau2Retail, "tau2/retail", "tau2_retail_tasks.jsonl", "arguments", "result", "db_hash_after"},
    {&kTau1Retail, "tau1/retail", "tau1_retail_tasks.jsonl", "kwargs", "observation", "data_hash_after"}};

class RecordedShop : public testing::TestWithParam<Recorded> {
 protected:
  void SetUp() override {
    const char* variable = std::getenv("XSWEEP_TAU_DIR");
    root_ = variable != nullptr ? variable : XSWEEP_SOURCE_DIR "/../shared/tau";
    if (!std::filesystem::exists(root_ / GetParam().folder)) {
      GTEST_SKIP() << "no benchmark data at " << root_ << "; set XSWEEP_TAU_DIR to run this";
    }
    auto world = World::Load(GetParam().desk->world, root_ / GetParam().folder);
    ASSERT_TRUE(world) << world.error().Text();
    world_ = *world;
  }
  std::vector<Json> Tasks() const {
    std::vector<Json> tasks;
    std::ifstream file(root_ / "recorded" / GetParam().tasks);
    for (std::string line; std::getline(file, line);) tasks.push_back(Parsed(line));
    return tasks;
  }
  std::filesystem::path root_;
  std::shared_ptr<const World> world_;
};
INSTANTIATE_TEST_SUITE_P(Both, RecordedShop, testing::ValuesIn(kRecorded),
                         [](const auto& tested) { return tested.param.desk == &kTau2Retail ? "Tau2" : "Tau1"; });

TEST_P(RecordedShop, AnswersEveryCallToTheByteAndEndsInTheSameState) {
  const std::vector<Json> tasks = Tasks();
  if (tasks.empty()) GTEST_SKIP() << "no recorded calls under " << root_;
  for (const Json& task : tasks) {
    State state(world_);
    for (const Json& action : task.Find("actions")->items()) {
      const auto& tool = action.Find("name")->AsString();
      const ToolOutput output = Call(*GetParam().desk, state, tool, *action.Find(GetParam().arguments));
      ASSERT_EQ(output.content, action.Find(GetParam().answer)->AsString()) << task.Dump().substr(0, 80) << tool;
      ASSERT_EQ(StateHash(state), action.Find(GetParam().hash_after)->AsString()) << tool << action.Dump();
    }
  }
}

// Seeded calls on real orders: mostly sensible, some with arguments that belong elsewhere or are of another kind.
class RandomCalls {
 public:
  RandomCalls(const Desk& desk, const World& world, std::uint32_t trial)
      : desk_(desk), world_(world), draws_(11, "retail", trial) {}

  std::pair<std::string_view, Json> Next() {
    const DeskTool& tool = desk_.tools[Pick(desk_.tools.size())];
    const Json& order = world_.record(kOrders, static_cast<int>(Pick(3)) + first_);
    Json arguments = Json::MakeObject();
    for (const std::string_view name : tool.parameters) arguments.Set(name, Value(name, order));
    return {tool.name, arguments};
  }

 private:
  std::size_t Pick(std::size_t count) {
    return static_cast<std::size_t>(draws_.Integer("calls", step_++, 0, static_cast<std::int64_t>(count) - 1));
  }
  Json Value(std::string_view name, const Json& order) {
    if (Pick(25) == 0) return Odd();
    if (name == "order_id" || name == "user_id") return *world_.record(kOrders, IndexOf(order)).Find(name);
    if (name == "reason") return "no longer needed";
    if (name == "item_ids") return Json::MakeArray({Json(Item(order).StringOr("item_id", ""))});
    if (name == "new_item_ids") return Json::MakeArray({Variant(Item(order).StringOr("product_id", ""))});
    if (name == "payment_method_id") return Method(order.StringOr("user_id", ""));
    if (name == "expression") return "1 + 2 * 3";
    return "text";
  }
  Json Odd() {
    const Json odd[] = {nullptr, true, 5, 2.5, "", "x", Json::MakeArray(), Json::MakeObject(), Parsed("[[1],{}]")};
    return odd[Pick(std::size(odd))];
  }
  int IndexOf(const Json& order) const { return world_.IndexOf(kOrders, order.StringOr("order_id", "")); }
  const Json& Item(const Json& order) { return order.Find("items")->items()[Pick(order.Find("items")->size())]; }
  Json Variant(std::string_view product) {
    const Json* variants = world_.record(kProducts, world_.IndexOf(kProducts, product)).Find("variants");
    return variants->members()[Pick(variants->size())].first;
  }
  Json Method(std::string_view user) {
    const Json* methods = world_.record(kUsers, world_.IndexOf(kUsers, user)).Find("payment_methods");
    return methods->members()[Pick(methods->size())].first;
  }

  const Desk& desk_;
  const World& world_;
  Draws draws_;
  std::uint32_t step_ = 0;
  int first_ = static_cast<int>(Pick(900));
};

TEST_P(RecordedShop, KeepsItsInvariantsUnderRandomCalls) {
  const std::string initial = StateHash(State(world_));
  int changed = 0;
  for (std::uint32_t trial = 0; trial < 60; ++trial) {
    RandomCalls calls(*GetParam().desk, *world_, trial);
    State state(world_);
    for (int i = 0; i < 8; ++i) {
      const auto [tool, arguments] = calls.Next();
      const State before = state;
      State other = state;
      const ToolOutput output = Call(*GetParam().desk, other, tool, arguments);
      ASSERT_TRUE(StrictlyEqual(before, state)) << "a call on a fork showed: " << tool << arguments.Dump();
      ASSERT_EQ(Call(*GetParam().desk, state, tool, arguments).content, output.content);
      ASSERT_TRUE(StrictlyEqual(state, other) && CanonicallyEqual(state, other));
    }
    State rebuilt(world_);
    for (const RecordChange& change : state.Diff()) {
      rebuilt.Insert(change.table == "orders" ? kOrders : kUsers, change.id, change.after);
    }
    ASSERT_EQ(StateHash(rebuilt), StateHash(state)) << "start + difference is not the state";
    ASSERT_EQ(state.Diff().empty(), StateHash(state) == initial);
    changed += state.Diff().empty() ? 0 : 1;
  }
  EXPECT_GT(changed, 20);
  EXPECT_EQ(StateHash(State(world_)), initial);
}

}  // namespace
}  // namespace xsweep
