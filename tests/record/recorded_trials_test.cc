// Rows of many trials come back in plan order from logs of any order, whole plan or a part of it at a time.
// SPDX-License-Identifier: Apache-2.0
#include "record/recorded_trials.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <random>

#include "base/files.h"
#include "record/logs/log_row.h"
#include "record/transcripts/transcript_log.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

constexpr std::uint64_t kPlanned = 20'000;

Trial TrialOf(std::uint64_t index, std::uint32_t attempt = 0) {
  Trial trial;
  trial.index = index;
  trial.cell = "defense.name=none";
  trial.task = "task" + std::to_string(index % 50);
  trial.outcome = Outcome::kAttackResisted;
  trial.attempt = attempt;
  return trial;
}
std::string Sealed(std::uint64_t index, std::uint32_t attempt = 0) {
  std::string row;
  AppendTrialRow(TrialOf(index, attempt), row);
  return row;
}
std::string Logged(std::uint64_t index, std::uint32_t attempt = 0, bool transcript = false) {
  std::string row;
  AppendLogRow(TrialOf(index, attempt), transcript, row);
  return row;
}

class ManyRows : public testing::Test {
 protected:
  ManyRows() : order(kPlanned) { std::iota(order.begin(), order.end(), 0); }
  void Write(const std::string& name, std::size_t begin, std::size_t end) {
    std::ofstream out(dir / name, std::ios::binary | std::ios::app);
    for (std::size_t i = begin; i < end; ++i) out << Logged(order[i]);
  }
  RecordedTrials Scanned() const {
    auto rows = RecordedTrials::Scan(dir.path(), kPlanned);
    EXPECT_TRUE(rows) << rows.error().Text();
    return std::move(*rows);
  }
  static void ExpectAll(const RecordedTrials& rows) {
    EXPECT_EQ(rows.recorded(), kPlanned);
    std::uint64_t next = 0;
    ASSERT_TRUE(rows.ForEachRow([&](std::uint64_t index, std::string_view row) {
      EXPECT_EQ(index, next++);
      if (row != Sealed(index)) ADD_FAILURE() << "row " << index << " is " << row;
      return Status();
    }));
    EXPECT_EQ(next, kPlanned);
    for (std::uint64_t index = 0; index < kPlanned; index += 997) EXPECT_EQ(*rows.Row(index), Sealed(index));
    for (std::uint64_t index = kPlanned; index-- > kPlanned - 3;) EXPECT_EQ(*rows.Row(index), Sealed(index));
  }
  TempDir dir;
  std::vector<std::uint64_t> order;
};

TEST_F(ManyRows, OfShardsAreReadAPartOfThePlanAtATime) {
  for (std::size_t shard = 0; shard < 40; ++shard)
    Write(std::to_string(shard) + ".jsonl", shard * kPlanned / 40, (shard + 1) * kPlanned / 40);
  const RecordedTrials rows = Scanned();
  EXPECT_EQ(rows.parts(), 5U);
  ExpectAll(rows);
}

TEST_F(ManyRows, ThatEndNearlyInOrderAreReadInPartsToo) {
  std::mt19937_64 random(7);
  for (std::size_t i = 0; i < kPlanned; i += 100)
    std::shuffle(order.begin() + i, order.begin() + std::min(i + 200, kPlanned), random);
  Write("0.jsonl", 0, kPlanned);
  const RecordedTrials rows = Scanned();
  EXPECT_EQ(rows.parts(), 5U);
  ExpectAll(rows);
}

TEST_F(ManyRows, ThatLieAllOverTheirLogsAreReadInFewerParts) {
  std::mt19937_64 random(7);
  std::ranges::shuffle(order, random);
  Write("0.jsonl", 0, kPlanned / 2);
  Write("1.jsonl", kPlanned / 2, kPlanned);
  const RecordedTrials rows = Scanned();
  EXPECT_LE(rows.parts(), 3U);
  ExpectAll(rows);
}

TEST_F(ManyRows, RunAgainCountOnceAndTheLastAttemptCounts) {
  Write("0.jsonl", 0, kPlanned);
  std::ofstream(dir / "0.2.jsonl", std::ios::binary) << Logged(17'000, 2) << Logged(3, 1) << Logged(17'000, 1);
  const RecordedTrials rows = Scanned();
  EXPECT_EQ(rows.recorded(), kPlanned);
  EXPECT_EQ(*rows.Row(3), Sealed(3, 1));
  EXPECT_EQ(*rows.Row(17'000), Sealed(17'000, 2));
  EXPECT_EQ(*rows.Row(17'001), Sealed(17'001));
}

TEST_F(ManyRows, NeedTheTranscriptOfTheAttemptThatCounts) {
  std::ofstream log(dir / "0.jsonl", std::ios::binary);
  for (std::uint64_t index = 0; index < 4; ++index) log << Logged(index, 0, true);
  log << Logged(1, 1, true) << Logged(2, 3, false) << Logged(3, 1, true) << std::flush;
  std::string records;
  AppendTranscriptRecord(0, 0, "{\"n\":0}", records);
  AppendTranscriptRecord(1, 0, "{\"n\":1}", records);  // of an attempt that does not count
  AppendTranscriptRecord(3, 1, "{\"n\":3}", records);
  std::ofstream(dir / "0.transcripts", std::ios::binary) << records;
  const auto rows = RecordedTrials::Scan(dir.path(), 5);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->recorded(), 3U);
  const std::vector<bool> there = {true, false, true, true, false};
  for (std::uint64_t index = 0; index < 5; ++index) EXPECT_EQ(rows->Has(index), there[index]) << index;
  ASSERT_TRUE(rows->ForEachRow([&](std::uint64_t index, std::string_view) {
    EXPECT_NE(index, 1U);
    return Status();
  }));
}

TEST_F(ManyRows, OfAPlanOfAHundredMillionTakeABitEach) {
  Write("0.jsonl", 0, 10);
  const auto rows = RecordedTrials::Scan(dir.path(), 100'000'000);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->recorded(), 10U);
  EXPECT_FALSE(rows->Has(99'999'999));
}

}  // namespace
}  // namespace xsweep
