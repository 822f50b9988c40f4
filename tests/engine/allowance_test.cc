// A part of the rest of a budget: calls within it need no look at the others, and all parts together stay under the
// limit.
// SPDX-License-Identifier: Apache-2.0
#include "engine/allowance.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "support/disks.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

Limits Calls(std::int64_t calls) {
  Limits limits;
  limits.max_calls = calls;
  return limits;
}

/// One process: `<log>.spent` in a folder that several share.
struct Process {
  Process(const fs::path& folder, const Limits& limits, const std::string& log, std::uint32_t shards)
      : ledger(*Ledger::Create(disk, folder / (log + ".spent"))),
        reader(folder, log + ".spent"),
        allowance(limits, *ledger, reader, ShardOfLog(log), shards) {}
  Admission Ask() { return *allowance.Ask(now); }
  void Spend(std::int64_t calls, std::int64_t tokens = 0) {
    LedgerLine line;
    line.usage.calls = calls;
    line.usage.prompt_tokens = tokens;
    ASSERT_TRUE(ledger->Append(line));
    allowance.Charged(line);
    own += calls;
  }
  /// What Budget asks beside the allowance.
  bool Reached(std::int64_t calls) const { return own + reader.Spent()[0] >= calls; }

  UnsyncedDisk disk;
  std::unique_ptr<Ledger> ledger;
  LedgerReader reader;
  Allowance allowance;
  SteadyTime now;
  std::int64_t own = 0;
};

TEST(AnAllowance, NeedsFewLooksHoweverManyCallsThereAre) {
  const TempDir dir;
  Process a(dir.path(), Calls(100'000), "0", 16);
  for (int call = 0; call < 5000; ++call) {
    ASSERT_EQ(a.Ask(), Admission::kGo);
    a.Spend(1);
  }
  EXPECT_EQ(a.allowance.looks(), 1U) << "its sixteenth of the budget is 6,250 calls";
}

TEST(AnAllowance, NeverLetsAllTogetherPassTheLimit) {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    const TempDir dir;
    Limits limits = Calls(300 + round * 17);
    limits.max_prompt_tokens = 9000;
    std::vector<std::unique_ptr<Process>> processes;
    for (int i = 0; i < 5; ++i)
      processes.push_back(std::make_unique<Process>(dir.path(), limits, std::to_string(i), round % 2 == 0 ? 5 : 1));
    std::int64_t calls = 0;
    std::int64_t tokens = 0;
    for (int step = 0; step < 6000; ++step) {
      Process& one = *processes[std::min<std::size_t>(random() % 9, 4)];
      one.now += std::chrono::milliseconds(random() % 600);
      ASSERT_TRUE(one.allowance.Tick(one.now));
      if (one.Ask() == Admission::kLater || one.Reached(*limits.max_calls)) continue;
      if (tokens >= *limits.max_prompt_tokens) continue;
      const auto used = static_cast<std::int64_t>(random() % 40);
      one.Spend(1, used);
      calls += 1;
      tokens += used;
    }
    EXPECT_LE(calls, *limits.max_calls);
    EXPECT_LE(tokens, *limits.max_prompt_tokens + 40);
    EXPECT_TRUE(calls == *limits.max_calls || tokens >= *limits.max_prompt_tokens) << "all of it can be used";
  }
}

struct TwoProcesses {
  TempDir dir;
  Process a{dir.path(), Calls(100), "0", 2};
  Process b{dir.path(), Calls(100), "1", 2};
  TwoProcesses() {
    EXPECT_EQ(a.Ask(), Admission::kGo);  // sets 50 aside, or all but half of it
    while (b.Ask() == Admission::kGo) b.Spend(1);
  }
};

TEST(AnAllowance, LeavesWhatAnotherHasSetAsideUntilThatIsGivenBack) {
  TwoProcesses two;
  EXPECT_EQ(two.a.own + two.b.own, 50);
  two.b.now += 1s;
  EXPECT_EQ(two.b.Ask(), Admission::kLater);
  two.a.now += 5s;
  ASSERT_TRUE(two.a.allowance.Tick(two.a.now));  // it has used nothing of it
  two.b.now += 1s;
  EXPECT_EQ(two.b.Ask(), Admission::kGo);
}

TEST(AnAllowance, KeepsWhatItWillUseSoon) {
  TwoProcesses two;
  two.a.Spend(5);
  two.a.now += 5s;
  ASSERT_TRUE(two.a.allowance.Tick(two.a.now));
  two.b.now += 1s;
  EXPECT_EQ(two.b.Ask(), Admission::kGo);
  ASSERT_TRUE(two.b.reader.Refresh());
  EXPECT_EQ(two.b.reader.Committed("1")[0], 25) << "five spent, and four times that";
}

TEST(AnAllowance, OfAProcessThatDiedIsVoidAfterAWhile) {
  TwoProcesses two;
  fs::last_write_time(two.dir / "0.spent", fs::last_write_time(two.dir / "1.spent") - 30s);
  two.b.now += 1s;
  EXPECT_EQ(two.b.Ask(), Admission::kGo);
}

TEST(AnAllowance, OfAnEarlierProcessOfTheSameShardIsVoidAtOnce) {
  TwoProcesses two;
  Process next(two.dir.path(), Calls(100), "0.2", 2);
  EXPECT_EQ(next.Ask(), Admission::kGo);
  ASSERT_TRUE(next.reader.Refresh());
  EXPECT_EQ(next.reader.Committed("0")[0], 50) << "what shard 1 has spent";
}

TEST(AnAllowance, OfACostIsSetAsideOnceItIsKnownWhatACallCosts) {
  const TempDir dir;
  Limits limits;
  limits.max_cost_usd = 1;
  Process a(dir.path(), limits, "0", 1);
  const auto spend = [&] {
    ASSERT_EQ(a.Ask(), Admission::kGo);
    const LedgerLine line{.usage = {.calls = 1, .cost_nano_usd = 1'000'000}, .stopped_by = {}};
    ASSERT_TRUE(a.ledger->Append(line));
    a.allowance.Charged(line);
  };
  spend();
  EXPECT_EQ(a.allowance.looks(), 1U);
  for (int call = 0; call < 500; ++call) spend();
  EXPECT_EQ(a.allowance.looks(), 2U);
}

TEST(FinishedShards, AreCountedForTheirOwnSplitOnly) {
  const TempDir dir;
  LedgerReader reader(dir.path());
  for (const std::uint32_t shard : {0U, 3U}) ASSERT_TRUE(MarkDone(RealDisk(), dir.path(), shard, 16, true));
  ASSERT_TRUE(MarkDone(RealDisk(), dir.path(), 1, 6, true));
  ASSERT_TRUE(reader.Refresh());
  EXPECT_EQ(reader.Done(16, "5"), 2U);
  EXPECT_EQ(reader.Done(16, "3"), 1U);
  EXPECT_EQ(reader.Done(6, "0"), 1U);
  ASSERT_TRUE(MarkDone(RealDisk(), dir.path(), 3, 16, false));
  ASSERT_TRUE(reader.Refresh());
  EXPECT_EQ(reader.Done(16, "5"), 1U);
}

}  // namespace
}  // namespace xsweep
