// The log of rows: whatever byte a kill cuts it at, whole rows are kept and plan order comes back.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/trial_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/files.h"
#include "record/recorded_trials.h"
#include "support/disks.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

std::string Row(std::uint64_t index, Outcome outcome = Outcome::kAttackResisted, std::uint32_t attempt = 0) {
  Trial trial;
  trial.index = index;
  trial.cell = "base";
  trial.task = "t{\"x\"}";
  trial.seed = 41;
  trial.outcome = outcome;
  trial.attempt = attempt;
  if (outcome == Outcome::kError) trial.error_kind = TrialError::kEpisode;
  std::string row;
  AppendTrialRow(trial, row);
  return row;
}

void WriteLog(const TempDir& dir, const std::string& name, const std::string& text) {
  // Not synced: hundreds of these are written.
  std::ofstream(dir / name, std::ios::trunc | std::ios::binary) << text;
}

std::string InPlanOrder(const TempDir& dir, std::uint64_t planned) {
  const auto rows = RecordedTrials::Scan(dir.path(), planned);
  if (!rows) return rows.error().Text();
  std::string all;
  EXPECT_TRUE(rows->ForEachRow([&](std::uint64_t, std::string_view row) {
    all += row;
    return Status();
  }));
  return all;
}

TEST(TrialRows, ReadBackAsTheyWereWritten) {
  Trial trial;
  trial.index = 7;
  trial.cell = "judge.threshold=100";
  trial.task = "\"quoted\"\n";
  trial.seed = (std::uint64_t{1} << 63U) - 1;
  trial.trial = 3;
  trial.outcome = Outcome::kError;
  trial.task_success = false;
  trial.exposed = true;
  trial.exposed_turn = 2;
  trial.attempted = 3;
  trial.executed = 1;
  trial.blocked = 2;
  trial.queries = 4;
  trial.success_query = 2;
  trial.amount_usd = 214.5;
  trial.usage[Role::kAgent] = {3, 100, 20, 1500};
  trial.usage[Role::kUser] = {1, 5, 6, 0, false};
  trial.error_kind = TrialError::kEpisode;
  trial.error_message = "server said \xF0\x9F\x98\x80 }";
  std::string row;
  AppendTrialRow(trial, row);
  const auto back = ParseTrialRow(row, "test");
  ASSERT_TRUE(back) << back.error().Text();
  EXPECT_EQ(*back, trial);
}

TEST(TrialRows, SayThatNobodyKnowsWhetherThePayloadWasSeen) {
  Trial trial;
  trial.outcome = Outcome::kAttackResisted;
  trial.exposure_unknown = true;
  std::string row;
  AppendTrialRow(trial, row);
  EXPECT_NE(row.find("\"exposed\":null,\"exposed_turn\":null"), std::string::npos) << row;
  EXPECT_EQ(ParseTrialRow(row, "test").value(), trial);
}

TEST(ShardLogs, ComeBackInPlanOrderWhateverTheOrderOfWriting) {
  const TempDir dir;
  WriteLog(dir, "1.jsonl", Row(3) + Row(0));
  WriteLog(dir, "0.jsonl", Row(2) + Row(1));
  EXPECT_EQ(InPlanOrder(dir, 4), Row(0) + Row(1) + Row(2) + Row(3));
}

TEST(ShardLogs, KeepEveryWholeRowWhereverTheyAreCut) {
  const TempDir dir;
  UnsyncedDisk disk;
  const std::string text = Row(0) + Row(1) + Row(2);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    WriteLog(dir, "0.jsonl", text.substr(0, cut));
    {
      auto log = TrialLog::Open(disk, dir / "0.jsonl");
      ASSERT_TRUE(log);
      ASSERT_TRUE((*log)->Append(Row(3)));
      ASSERT_TRUE((*log)->Close());
    }
    std::string expected;
    for (std::uint64_t i = 0; i < 3 && expected.size() + Row(i).size() <= cut; ++i) expected += Row(i);
    ASSERT_EQ(InPlanOrder(dir, 4), expected + Row(3)) << "cut at byte " << cut;
  }
}

TEST(ShardLogs, LetTheLastAttemptCountInAnyOrderOfShards) {
  const TempDir dir;
  WriteLog(dir, "0.jsonl", Row(0, Outcome::kAttackSucceeded, 1) + Row(1, Outcome::kError));
  WriteLog(dir, "1.jsonl", Row(0, Outcome::kError) + Row(1, Outcome::kAttackResisted));
  EXPECT_EQ(InPlanOrder(dir, 2), Row(0, Outcome::kAttackSucceeded, 1) + Row(1, Outcome::kAttackResisted));
}

TEST(ShardLogs, RefuseRowsOfAnotherRunAndNameTextThatIsNoRow) {
  const TempDir dir;
  WriteLog(dir, "0.jsonl", Row(5));
  EXPECT_NE(InPlanOrder(dir, 5).find("row 5 is beyond the 5 trials planned"), std::string::npos);
  WriteLog(dir, "0.jsonl", "{\"hello\":1}\n" + Row(1));
  EXPECT_EQ(InPlanOrder(dir, 5), Row(1));
  const auto rows = RecordedTrials::Scan(dir.path(), 5);
  ASSERT_EQ(rows->losses().size(), 1U);
  EXPECT_NE(rows->losses()[0].find("1 line, 12 bytes from byte 0 on"), std::string::npos) << rows->losses()[0];
}

TEST(ShardLogs, HoldRowsLongerThanAWindow) {
  const TempDir dir;
  Trial big;
  big.index = 1;
  big.error_kind = TrialError::kEpisode;
  big.error_message = std::string(3U << 20U, 'x');
  std::string row;
  AppendTrialRow(big, row);
  WriteLog(dir, "0.jsonl", row + Row(0));
  EXPECT_EQ(InPlanOrder(dir, 2), Row(0) + row);
}

TEST(RowIndexOf, ReadsOnlyWholeIndexes) {
  EXPECT_EQ(RowIndex("{\"index\":12,\"cell\""), 12U);
  for (const std::string_view bad :
       {"", "{\"index\":12", "{\"index\":}", "{\"index\":-1,", "{\"cell\":1}", "{\"index\":99999999999999999999,"}) {
    EXPECT_FALSE(RowIndex(bad)) << bad;
  }
}

}  // namespace
}  // namespace xsweep
