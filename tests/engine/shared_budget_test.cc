// One budget for several processes: each sees what the others have spent before it starts a call.
// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_budget.h"

#include <gtest/gtest.h>

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
  while (shards.a->budget().MayCallModel() && shards.b->budget().MayCallModel()) {  // two calls in flight
    shards.a->budget().Charge(Call());
    shards.b->budget().Charge(Call());
    made += 2;
  }
  EXPECT_EQ(made, 10);
  EXPECT_EQ(shards.a->budget().stopped_by(), "max_calls");
  EXPECT_FALSE(shards.b->budget().MayCallModel());
}

TEST(ASharedBudget, IsCarriedOverWhenAProcessIsKilled) {
  const TempDir dir;
  {
    const auto killed = *SharedBudget::Open(RealDisk(), TenCalls(), dir.path(), "0");
    for (int i = 0; i < 9; ++i) killed->budget().Charge(Call());
    LedgerReader ledgers(dir.path());
    ASSERT_TRUE(ledgers.Refresh());
    EXPECT_EQ(ledgers.Total().calls, 9) << "written down with every charge, not at the end";
  }
  const auto next = *SharedBudget::Open(RealDisk(), TenCalls(), dir.path(), "0.2");
  EXPECT_TRUE(next->budget().MayCallModel());
  next->budget().Charge(Call());
  EXPECT_FALSE(next->budget().MayCallModel());
  EXPECT_EQ(next->budget().used().usage.cost_nano_usd, 70);
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
    ASSERT_TRUE(ledger->Append({.calls = 1, .cost_known = known, .milliseconds = milliseconds, .stopped_by = {}}));
  };
  spend("0.spent", 100, true);
  spend("0.2.spent", 50, true);
  spend("1.spent", 120, false);
  spend(std::string(kCarriedLedger), 1000, true);
  LedgerReader ledgers(dir.path());
  ASSERT_TRUE(ledgers.Refresh());
  EXPECT_EQ(ledgers.Total().calls, 4);
  EXPECT_EQ(ledgers.Total().milliseconds, 1150);
  EXPECT_FALSE(ledgers.Total().cost_known);
  EXPECT_EQ(ledgers.TotalFor("1").milliseconds, 1120);
}

TEST(ALedger, LeavesOutATornLineUntilItIsWhole) {
  const TempDir dir;
  auto file = *RealDisk().Open(dir / "0.spent", OpenMode::kCreateNew);
  ASSERT_TRUE(file->Write("1 2 3 4 1 5 - 0 0 0 0 0\n1 2 3"));
  LedgerReader ledgers(dir.path());
  ASSERT_TRUE(ledgers.Refresh());
  EXPECT_EQ(ledgers.Total().prompt_tokens, 2);
  ASSERT_TRUE(file->Write(" 4 1 5 max_calls 0 0 0 0 0\nnonsense\n"));
  ASSERT_TRUE(ledgers.Refresh());
  EXPECT_EQ(ledgers.Total().prompt_tokens, 2) << "a line has the sums so far";
  EXPECT_EQ(ledgers.Total().stopped_by, "max_calls");
}

}  // namespace
}  // namespace xsweep
