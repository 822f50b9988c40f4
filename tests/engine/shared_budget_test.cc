// One budget for several processes: each sees what the others have spent before it starts a call.
// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_budget.h"
#include "record/logs/layout.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/temp_dir.h"

namespace xsweep {
namespace {

Limits TenCalls() {
  Limits limits;
  limits.max_calls = 10;
  return limits;
}

Usage Call(std::int64_t nano_usd = 7) { return {.calls = 1, .prompt_tokens = 3, .cost_nano_usd = nano_usd}; }

struct TwoShards {
  TempDir dir;
  std::unique_ptr<SharedBudget> a = *SharedBudget::Open(RealDisk(), TenCalls(), dir.path(), "0");
  std::unique_ptr<SharedBudget> b = *SharedBudget::Open(RealDisk(), TenCalls(), dir.path(), "1");
};

TEST(ASharedBudget, IsPassedByNoMoreThanTheCallsInFlight) {
  const TwoShards shards;
  int made = 0;
  while (shards.a->budget().MayCallModel(Role::kAgent) &&
         shards.b->budget().MayCallModel(Role::kAgent)) {  // two calls in flight
    shards.a->budget().Charge(Role::kAgent, Call());
    shards.b->budget().Charge(Role::kAgent, Call());
    made += 2;
  }
  EXPECT_EQ(made, 10);
  EXPECT_EQ(shards.a->budget().stopped_by(), "max_calls");
  EXPECT_FALSE(shards.b->budget().MayCallModel(Role::kAgent));
}

TEST(ASharedBudget, IsCarriedOverWhenAProcessIsKilled) {
  const TempDir dir;
  {
    const auto killed = *SharedBudget::Open(RealDisk(), TenCalls(), dir.path(), "0");
    for (int i = 0; i < 9; ++i) killed->budget().Charge(Role::kAgent, Call());
    LedgerReader ledgers(dir.path());
    ASSERT_TRUE(ledgers.Refresh());
    EXPECT_EQ(ledgers.Total().usage.calls, 9) << "written down with every charge, not at the end";
  }
  const auto next = *SharedBudget::Open(RealDisk(), TenCalls(), dir.path(), "0.2");
  EXPECT_TRUE(next->budget().MayCallModel(Role::kAgent));
  next->budget().Charge(Role::kAgent, Call());
  EXPECT_FALSE(next->budget().MayCallModel(Role::kAgent));
  EXPECT_EQ(next->budget().used().usage.cost_nano_usd, 70);
}

Limits TenAttackerCalls() {
  Limits limits;
  limits.roles[Role::kAttacker].max_calls = 10;
  return limits;
}

struct TwoShardsWithALimitOfARole {
  TempDir dir;
  std::unique_ptr<SharedBudget> a = *SharedBudget::Open(RealDisk(), TenAttackerCalls(), dir.path(), "0", 2);
  std::unique_ptr<SharedBudget> b = *SharedBudget::Open(RealDisk(), TenAttackerCalls(), dir.path(), "1", 2);

  /// Makes all ten calls, by turns: a shard may have to wait for what the other has set aside.
  void UseUp() const {
    for (int made = 0; made < 10;) {
      for (SharedBudget* one : {a.get(), b.get()}) {
        const auto admission = one->budget().MayCallModel(Role::kAttacker);
        if (!admission || *admission == Admission::kLater) continue;
        one->budget().Charge(Role::kAgent, Call());
        one->budget().Charge(Role::kAttacker, Call());
        ++made;
      }
    }
  }
};

TEST(ALimitOfARole, IsSharedByShardsAndPassedByNoneOfThem) {
  const TwoShardsWithALimitOfARole shards;
  shards.UseUp();
  EXPECT_FALSE(shards.a->budget().MayCallModel(Role::kAttacker));
  EXPECT_FALSE(shards.b->budget().MayCallModel(Role::kAttacker));
  EXPECT_EQ(shards.b->budget().stopped_by(), "roles.attacker.max_calls");
  EXPECT_FALSE(shards.a->budget().MayCallModel(Role::kAgent)) << "it stops the run, not the role";
}

TEST(ALimitOfARole, StopsAShardThatDoesNotAskInThatRoleToo) {
  const TwoShardsWithALimitOfARole shards;
  for (int i = 0; i < 10; ++i) shards.a->budget().Charge(Role::kAttacker, Call());
  while (shards.b->budget().MayCallModel(Role::kAgent)) std::this_thread::yield();
  EXPECT_EQ(shards.b->budget().stopped_by(), "roles.attacker.max_calls");
}

TEST(ALimitOfARole, CountsWhatAKilledProcessAndASealedRunHaveSpent) {
  const TempDir dir;
  Spending sealed;
  sealed.Add(Role::kAttacker, Call());
  sealed.Add(Role::kAgent, {.calls = 70});
  const Json in_run_json = sealed.ToJson();
  {
    const auto carried = *Ledger::Create(RealDisk(), dir / std::string(layout::kCarriedLedger));
    ASSERT_TRUE(carried->Append(ToLedgerLine(Spending::FromJson(in_run_json))));
    const auto killed = *SharedBudget::Open(RealDisk(), TenAttackerCalls(), dir.path(), "0");
    for (int i = 0; i < 8; ++i) killed->budget().Charge(Role::kAttacker, Call());
  }
  const auto next = *SharedBudget::Open(RealDisk(), TenAttackerCalls(), dir.path(), "0.2");
  EXPECT_TRUE(next->budget().MayCallModel(Role::kAttacker));
  next->budget().Charge(Role::kAttacker, Call());
  EXPECT_FALSE(next->budget().MayCallModel(Role::kAttacker));
  const Json used = next->budget().used().ToJson();
  EXPECT_EQ(used.IntOr("calls", 0), 80);
  EXPECT_EQ(used.Find("roles")->Find("attacker")->IntOr("calls", 0), 10);
  EXPECT_EQ(used.Find("roles")->Find("attacker")->IntOr("known_cost_nano_usd", 0), 70);
  EXPECT_EQ(used.Find("roles")->Find("agent")->IntOr("calls", 0), 70);
  EXPECT_EQ(used.Find("roles")->Find("judge"), nullptr) << "only roles that were asked";
}

TEST(AShareOfTheRates, GrowsAsOtherShardsFinish) {
  const TempDir dir;
  EXPECT_EQ((*SharedBudget::Open(RealDisk(), TenCalls(), dir.path(), "0", 4))->rate_share(), 0.25);
  ASSERT_TRUE(MarkDone(RealDisk(), dir.path(), 1, 4, true));
  ASSERT_TRUE(MarkDone(RealDisk(), dir.path(), 2, 4, true));
  EXPECT_EQ((*SharedBudget::Open(RealDisk(), TenCalls(), dir.path(), "0.2", 4))->rate_share(), 0.5);
  ASSERT_TRUE(MarkDone(RealDisk(), dir.path(), 3, 4, true));
  ASSERT_TRUE(MarkDone(RealDisk(), dir.path(), 0, 4, true));
  EXPECT_EQ((*SharedBudget::Open(RealDisk(), TenCalls(), dir.path(), "0.3", 4))->rate_share(), 1);
}

TEST(ALedger, CountsShardsSideBySideAndTheirProcessesOneAfterAnother) {
  const TempDir dir;
  const auto spend = [&](const std::string& name, std::int64_t milliseconds, bool known) {
    const auto ledger = *Ledger::Create(RealDisk(), dir / name);
    ASSERT_TRUE(
        ledger->Append({.usage = {.calls = 1, .cost_known = known}, .milliseconds = milliseconds, .stopped_by = {}}));
  };
  spend("0.spent", 100, true);
  spend("0.2.spent", 50, true);
  spend("1.spent", 120, false);
  spend(std::string(layout::kCarriedLedger), 1000, true);
  LedgerReader ledgers(dir.path());
  ASSERT_TRUE(ledgers.Refresh());
  EXPECT_EQ(ledgers.Total().usage.calls, 4);
  EXPECT_EQ(ledgers.Total().milliseconds, 1150);
  EXPECT_FALSE(ledgers.Total().usage.cost_known);
  EXPECT_EQ(ledgers.TotalFor("1").milliseconds, 1120);
}

TEST(ALedger, LeavesOutATornLineUntilItIsWhole) {
  const TempDir dir;
  auto file = *RealDisk().Open(dir / "0.spent", OpenMode::kCreateNew);
  ASSERT_TRUE(file->Write("1 2 3 4 1 5 - 0 0 0 0 0\n1 2 3"));
  LedgerReader ledgers(dir.path());
  ASSERT_TRUE(ledgers.Refresh());
  EXPECT_EQ(ledgers.Total().usage.prompt_tokens, 2);
  ASSERT_TRUE(file->Write(" 4 1 5 max_calls 0 0 0 0 0\nnonsense\n"));
  ASSERT_TRUE(ledgers.Refresh());
  EXPECT_EQ(ledgers.Total().usage.prompt_tokens, 2) << "a line has the sums so far";
  EXPECT_EQ(ledgers.Total().stopped_by, "max_calls");
}

TEST(ALedger, KeepsRolesApartAndLeavesOutALineWithHalfOfOne) {
  const TempDir dir;
  auto file = *RealDisk().Open(dir / "0.spent", OpenMode::kCreateNew);
  ASSERT_TRUE(
      file->Write("5 6 7 8 1 9 - 0 0 0 0 0 agent 3 1 2 3 1 0 0 0 0 0 judge 2 5 5 5 0 4 0 0 0 0\n"
                  "6 6 7 8 1 9 - 0 0 0 0 0 agent 4 1 2\n"
                  "6 6 7 8 1 9 - 0 0 0 0 0 nobody 3 1 2 3 1 0 0 0 0 0\n"));
  LedgerReader ledgers(dir.path());
  ASSERT_TRUE(ledgers.Refresh());
  const LedgerLine total = ledgers.Total();
  EXPECT_EQ(total.usage.calls, 5);
  EXPECT_EQ(total.roles[Role::kAgent], (Usage{3, 1, 2, 3, true}));
  EXPECT_EQ(total.roles[Role::kUser], Usage());
  EXPECT_EQ(total.roles[Role::kJudge], (Usage{2, 5, 5, 5, false}));
  EXPECT_EQ(ledgers.Spent(4), (Amounts{2, 5, 5, 10, 5}));
  EXPECT_EQ(ledgers.Committed("1", 4)[0], 4) << "it has set two aside";
  EXPECT_EQ(ledgers.Committed("1")[0], 5) << "but none for the run";
}

TEST(ALedger, ReadsBackWhatItWroteOfEveryRole) {
  const TempDir dir;
  constexpr std::int64_t kMuch = 4'000'000'000'000'000'000;  // the longest line there is
  LedgerLine line{.usage = {.calls = kMuch,
                            .prompt_tokens = kMuch,
                            .completion_tokens = 1,
                            .cost_nano_usd = kMuch,
                            .cost_known = false},
                  .milliseconds = kMuch,
                  .stopped_by = "roles.attacker.max_completion_tokens"};
  for (Usage& role : line.roles) role = {kMuch, kMuch, 1, kMuch, false};
  {
    const auto ledger = *Ledger::Create(RealDisk(), dir / "0.spent");
    ASSERT_TRUE(ledger->Append(line));
    for (std::size_t whose = 0; whose <= kAllRoles; ++whose) ASSERT_TRUE(ledger->Hold({kMuch, 0, 0, 0, 9}, whose));
  }
  LedgerReader ledgers(dir.path());
  ASSERT_TRUE(ledgers.Refresh());
  EXPECT_EQ(ledgers.Total().roles, line.roles);
  EXPECT_EQ(ledgers.Total().stopped_by, line.stopped_by);
}

}  // namespace
}  // namespace xsweep
