// One budget of one process: which limit stops it, and what it says of itself.
// SPDX-License-Identifier: Apache-2.0
#include "engine/budget.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

CallLimits& Of(Limits& limits, Role role) { return limits.roles[role]; }

/// What stops it once `role` has used that much; empty: nothing does.
std::string StoppedBy(const Limits& limits, Role role, const Usage& usage) {
  Budget budget(limits, {});
  budget.Charge(role, usage);
  const bool goes_on = budget.MayCall().has_value();
  EXPECT_EQ(goes_on, budget.stopped_by().empty());
  return budget.stopped_by();
}

TEST(ALimitOfARole, StopsTheRunWhateverItBounds) {
  Limits limits;
  Of(limits, Role::kUser) = {.max_calls = 3,
                             .max_prompt_tokens = 100,
                             .max_completion_tokens = 50,
                             .max_total_tokens = 120,
                             .max_cost_usd = 0.5};
  EXPECT_EQ(StoppedBy(limits, Role::kUser, {.calls = 2, .prompt_tokens = 99}), "");
  EXPECT_EQ(StoppedBy(limits, Role::kUser, {.calls = 3}), "roles.user.max_calls");
  EXPECT_EQ(StoppedBy(limits, Role::kUser, {.prompt_tokens = 100}), "roles.user.max_prompt_tokens");
  EXPECT_EQ(StoppedBy(limits, Role::kUser, {.completion_tokens = 50}), "roles.user.max_completion_tokens");
  EXPECT_EQ(StoppedBy(limits, Role::kUser, {.prompt_tokens = 80, .completion_tokens = 40}),
            "roles.user.max_total_tokens");
  EXPECT_EQ(StoppedBy(limits, Role::kUser, {.cost_nano_usd = 500'000'000}), "roles.user.max_cost_usd");
}

TEST(ALimitOfARole, LeavesOtherRolesAlone) {
  Limits limits;
  Of(limits, Role::kUser).max_calls = 3;
  for (const Role role : {Role::kAgent, Role::kAttacker, Role::kDefense, Role::kJudge})
    EXPECT_EQ(StoppedBy(limits, role, {.calls = 1000}), "");
}

TEST(ABudget, SaysWhatEachRoleMayAndDidUse) {
  Limits limits;
  limits.max_calls = 9;
  Of(limits, Role::kJudge).max_cost_usd = 0.5;
  Budget budget(limits, {});
  budget.Charge(Role::kAgent, {.calls = 2, .prompt_tokens = 5});
  budget.Charge(Role::kJudge, {.calls = 1, .cost_nano_usd = 600'000'000});
  const Status refused = budget.MayCall();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kBudget);
  EXPECT_EQ(refused.error().Text(), "the run's roles.judge.max_cost_usd is reached");
  const Json json = budget.ToJson();
  EXPECT_EQ(json.StringOr("stopped_by", ""), "roles.judge.max_cost_usd");
  EXPECT_EQ(json.Find("limits")->IntOr("max_calls", 0), 9);
  EXPECT_EQ(json.Find("limits")->DoubleOr("roles.judge.max_cost_usd", 0), 0.5);
  EXPECT_EQ(json.Find("limits")->Find("roles.judge.max_calls"), nullptr);
  const Json& used = *json.Find("used");
  EXPECT_EQ(used.IntOr("calls", 0), 3);
  EXPECT_EQ(used.Find("roles")->Find("agent")->IntOr("prompt_tokens", 0), 5);
  EXPECT_EQ(used.Find("roles")->Find("judge")->DoubleOr("cost_usd", 0), 0.6);
}

Limits ErrorRate(double rate) {
  Limits limits;
  limits.max_error_rate = rate;
  return limits;
}

TEST(TooManyErrors, StopARunThatIsCertainToEndAboveItsRate) {
  Budget budget(ErrorRate(0.29), {});
  budget.StopAboveErrorRate(4, 100);
  for (int i = 0; i < 25; ++i) budget.CountTrial(true);
  for (int i = 0; i < 30; ++i) budget.CountTrial(false);
  EXPECT_TRUE(budget.MayCall()) << "29 of 100 is no more than 0.29";
  budget.CountTrial(true);
  const Status refused = budget.MayCall();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().Text(), "the run's max_error_rate is certain to be passed");
  EXPECT_FALSE(budget.MayCallModel(Role::kAgent));
  EXPECT_EQ(budget.stopped_by(), "max_error_rate");
}

TEST(TooManyErrors, AreCountedOnlyWhereTheyShallStop) {
  Budget budget(ErrorRate(0.1), {});
  for (int i = 0; i < 10; ++i) budget.CountTrial(true);
  EXPECT_TRUE(budget.MayCall()) << "a SHIM run goes on";
  Budget unbounded(Limits(), {});
  unbounded.StopAboveErrorRate(10, 10);
  EXPECT_TRUE(unbounded.MayCall());
}

TEST(TooManyErrors, OfAnEarlierPartStopItAtOnce) {
  Budget budget(ErrorRate(0), {});
  budget.StopAboveErrorRate(0, 5);
  EXPECT_TRUE(budget.MayCall());
  budget.StopAboveErrorRate(1, 5);
  EXPECT_FALSE(budget.MayCall());
}

}  // namespace
}  // namespace xsweep
