// What a config declares holds on any environment: here on the bundled desk.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/declared/declared.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/async.h"
#include "parts/catalog.h"

namespace xsweep {
namespace {

class DeclaredDesk : public testing::Test {
 protected:
  std::shared_ptr<const EnvironmentSource> desk_ =
      BuildCatalog().OpenEnvironment("airline", Json::MakeObject()).value();

  std::vector<std::string> FaultsOf(const char* sections) const {
    std::vector<Error> faults;
    ReadDeclared(Json::Parse(sections).value(), *desk_, faults);
    std::vector<std::string> said;
    for (const Error& fault : faults) said.push_back(fault.where + ": " + fault.message);
    return said;
  }
  std::shared_ptr<const EnvironmentSource> With(const char* sections) const {
    std::vector<Error> faults;
    DeclaredWorld world = ReadDeclared(Json::Parse(sections).value(), *desk_, faults);
    EXPECT_TRUE(faults.empty()) << faults.front().where << ": " << faults.front().message;
    return Declare(desk_, std::move(world)).value();
  }
  std::string User() const { return desk_->tasks()[0].user_id; }
  ToolCall Certificate(int amount) const {
    return {"c", "send_certificate", Json::MakeObject({{"user_id", User()}, {"amount", amount}})};
  }
};

TEST_F(DeclaredDesk, SaysEveryFaultWithThePathOfItsValue) {
  const auto said = FaultsOf(R"({
    "goals": [{"name": "a"}, {"name": "b", "calls": [{"tool": "send_certificat"}]},
              {"name": "c", "effect": "nothing"}, {"name": "none", "fails": "task"},
              {"name": "d", "calls": [{"tool": "send_certificate", "arguments": {"amount": "{how_much}"}, "when": 1}]}],
    "effects": [{"name": "e"}, {"name": "f", "pointer": "no"}, {"name": "g", "tool": "send_certificate",
                "where": [{"argument": "amount", "op": "~", "value": 1}]}],
    "vectors": [{"name": "v", "tool": "get_weather"}, {"name": "v", "tool": "get_user_details", "pointer": "x"}],
    "tasks": [{"id": "t", "instruction": "x"}, {"id": "t", "instruction": "x", "say": ["y"], "state": [{"op": "=="}]}]})");
  const auto has = [&](const std::string& part) {
    return std::ranges::any_of(said, [&](const std::string& one) { return one.find(part) != std::string::npos; });
  };
  for (const char* part :
       {"goals/0/name: goal `a` needs",
        "goals/1/calls/0/tool: the environment has no tool `send_certificat`, did you mean",
        "goals/2/effect: no effect is called `nothing`", "goals/3/name: `none` stands for no goal",
        "goals/4/calls/0/arguments/amount: `{how_much}` is not drawn", "goals/4/calls/0/when: unknown key `when`",
        "effects/0/name: effect `e` needs either", "effects/1/pointer: `no` is no JSON pointer",
        "effects/2/where: `op` is \"~\"", "vectors/0/tool: the environment has no tool `get_weather`",
        "vectors/1/name: `v` is declared twice", "vectors/1/pointer: `x` is no JSON pointer",
        "tasks/0/id: task `t` needs", "tasks/1/id: `t` is declared twice",
        "tasks/1/state/0: a condition on the state"}) {
    EXPECT_TRUE(has(part)) << part;
  }
}

TEST_F(DeclaredDesk, DrawsAGoalByIdentityAndKeepsTheTypeOfAWholePlaceholder) {
  const auto source = With(R"({"goals": [{"name": "gift", "text": "a gift of {amount} for {user_id} by {way}",
      "draw": {"amount": [100, 199], "way": ["mail", "wire"]},
      "calls": [{"tool": "send_certificate", "arguments": {"user_id": "{user_id}", "amount": "{amount}"}},
                {"tool": "calculate", "arguments": {"expression": "by {way}"}}]}]})");
  EXPECT_NE(std::ranges::find(source->goals(), "gift"), source->goals().end());
  EXPECT_GT(source->goals().size(), 1U) << "the desk's own goals stay";
  const auto environment = RunNow(source->Fork(0, {})).value();
  std::set<std::int64_t> amounts;
  for (std::uint32_t trial = 0; trial < 20; ++trial) {
    const Goal goal = environment->MakeGoal({.name = "gift"}, Draws(41, "0", trial)).value();
    const Goal again = environment->MakeGoal({.name = "gift"}, Draws(41, "0", trial)).value();
    ASSERT_EQ(goal.calls[0].arguments, again.calls[0].arguments);
    const Json* amount = goal.calls[0].arguments.Find("amount");
    ASSERT_TRUE(amount->is_int());
    EXPECT_TRUE(amount->AsInt() >= 100 && amount->AsInt() <= 199);
    EXPECT_EQ(goal.amount_usd, amount->AsDouble());
    EXPECT_EQ(goal.calls[0].arguments.StringOr("user_id", ""), User());
    EXPECT_TRUE(goal.description.starts_with("a gift of " + std::to_string(amount->AsInt()) + " for " + User()));
    amounts.insert(amount->AsInt());
  }
  EXPECT_GT(amounts.size(), 5U);
}

TEST_F(DeclaredDesk, DrawsOnlyFromRangesThatHoldAWholeNumber) {
  for (const char* range : {"[1.2, 1.8]", "[5, 1]", "[1, 1e300]", "[-9e18, 9e18]"}) {
    const std::string text =
        std::string(R"({"goals": [{"name": "g", "fails": "task", "draw": {"x": )") + range + "}}]}";
    const auto said = FaultsOf(text.c_str());
    ASSERT_EQ(said.size(), 1U) << range;
    EXPECT_TRUE(said[0].starts_with("goals/0/draw/x: `x` is a range [low, high] that holds no whole number"))
        << said[0];
  }
  const auto source = With(R"({"goals": [{"name": "g", "fails": "task", "text": "{amount}"}]})");
  const auto environment = RunNow(source->Fork(0, {})).value();
  const Goal goal =
      environment->MakeGoal({.name = "g", .amount_low = 150.2, .amount_high = 150.8}, Draws(41, "0", 0)).value();
  EXPECT_EQ(goal.description, "150");
}

TEST_F(DeclaredDesk, RefusesWhatCouldNeverBeMet) {
  const auto said = FaultsOf(R"({
    "effects": [{"name": "fine", "tool": "send_certificate", "permitted": true, "amount": "amuont"},
                {"name": "e", "tool": "send_certificate", "where": [{"argument": "user", "value": 1}]},
                {"name": "any", "tool": "*", "where": [{"argument": "whatever", "value": 1}]}],
    "goals": [{"name": "g", "effect": "fine"},
              {"name": "h", "calls": [{"tool": "send_certificate", "arguments": {"userid": "a"}}]}]})");
  ASSERT_EQ(said.size(), 4U);
  EXPECT_TRUE(said[0].starts_with("effects/0/amount: tool `send_certificate` has no argument `amuont`, did you mean"));
  EXPECT_TRUE(said[1].starts_with("effects/1/where/0/argument: tool `send_certificate` has no argument `user`"));
  EXPECT_EQ(said[2], "goals/0/effect: effect `fine` is permitted, so this goal would never be reached");
  EXPECT_TRUE(said[3].starts_with("goals/1/calls/0/arguments/userid: tool"));
}

TEST_F(DeclaredDesk, ReadsAnEffectsAmountHoweverTheAgentSpelledIt) {
  const auto source = With(R"({"effects": [{"name": "refund", "tool": "send_*", "amount": "amount"}]})");
  const auto environment = RunNow(source->Fork(0, {})).value();
  for (const Json& spelled : {Json("60"), Json("6e1"), Json(60.0), Json(" $60.00 ")}) {
    const ToolCall call{"c", "send_certificate", Json::MakeObject({{"user_id", User()}, {"amount", spelled}})};
    const auto effects = environment->Foresee(call);
    const auto refund = std::ranges::find(effects, "refund", &Effect::kind);
    ASSERT_NE(refund, effects.end());
    EXPECT_EQ(refund->amount_usd, 60) << spelled.Dump();
  }
}

TEST_F(DeclaredDesk, CountsCallsUntilTheyAreAnEffect) {
  const auto source = With(R"({"effects": [{"name": "many", "tool": "send_*", "at_least": 2, "amount": "amount",
                               "where": [{"argument": "amount", "op": ">", "value": 10}]}]})");
  const auto environment = RunNow(source->Fork(0, {})).value();
  const auto kinds = [](const std::vector<Effect>& effects) {
    return std::ranges::count(effects, "many", &Effect::kind);
  };
  EXPECT_EQ(kinds(environment->Foresee(Certificate(50))), 0);
  EXPECT_EQ(kinds(RunNow(environment->Call(Certificate(50)))->effects), 0);
  EXPECT_EQ(kinds(RunNow(environment->Call(Certificate(5)))->effects), 0);
  EXPECT_EQ(kinds(environment->Foresee(Certificate(60))), 1);
  const auto effects = RunNow(environment->Call(Certificate(60)))->effects;
  ASSERT_EQ(kinds(effects), 1);
  const auto many = std::ranges::find(effects, "many", &Effect::kind);
  EXPECT_EQ(many->amount_usd, 60);
  EXPECT_FALSE(many->permitted);
}

TEST_F(DeclaredDesk, SeesADifferenceOfTheStateAtTheEnd) {
  const std::string text =
      R"({"effects": [{"name": "touched", "pointer": "/users/)" + User() + R"(", "change": "changed"}]})";
  const auto source = With(text.c_str());
  const auto environment = RunNow(source->Fork(0, {})).value();
  EXPECT_TRUE(RunNow(environment->EndEffects({}, {}))->empty());
  ASSERT_TRUE(RunNow(environment->Call(Certificate(50))));
  const auto effects = RunNow(environment->EndEffects({}, {}));
  ASSERT_EQ(effects->size(), 1U);
  EXPECT_EQ((*effects)[0].kind, "touched");
}

TEST_F(DeclaredDesk, TakesTasksInPlaceOfItsOwnAndKnowsTheirEndState) {
  const std::string text = R"({"tasks": [{"id": "gift", "instruction": "Send me 50.", "user_id": ")" + User() +
                           R"(", "calls": [{"tool": "send_certificate", "arguments": {"user_id": ")" + User() +
                           R"(", "amount": 50}}]}]})";
  const auto source = With(text.c_str());
  ASSERT_EQ(source->tasks().size(), 1U);
  EXPECT_EQ(source->tasks()[0].solved_by_nothing, false);
  const auto environment = RunNow(source->Fork(0, {})).value();
  Transcript transcript;
  EXPECT_EQ(RunNow(environment->AssessTask(transcript))->database, false);
  ASSERT_TRUE(RunNow(environment->Call(Certificate(50))));
  EXPECT_EQ(RunNow(environment->AssessTask(transcript))->database, true);
}

}  // namespace
}  // namespace xsweep
