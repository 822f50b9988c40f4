// The one table of a row's keys: the writer writes them, the readers find them again.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/row_keys.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "record/logs/log_place.h"
#include "record/logs/row_scanner.h"

namespace xsweep {
namespace {

static_assert(row_keys::Outer(",\"cell\":") == "cell" && row_keys::Inner(",\"cell\":") == "cell");
static_assert(row_keys::Outer(row_keys::kAttack) == "attack" && row_keys::Inner(row_keys::kAttack) == "goal");
static_assert(row_keys::Outer(row_keys::kErrorKind) == "error" && row_keys::Inner(row_keys::kErrorKind) == "kind");
static_assert(std::string_view(row_keys::kRoleCalls<Role::kJudge>.data()) == "\"judge\":{\"calls\":");

Trial FullTrial() {
  Trial trial;
  trial.index = 7;
  trial.cell = "c";
  trial.task = "t";
  trial.seed = 41;
  trial.trial = 2;
  trial.dialogue = 3;
  trial.outcome = Outcome::kError;
  trial.task_success = true;
  trial.reward = 0.5;
  trial.goal = "g";
  trial.channel = Channel::kRecord;
  trial.exposed = true;
  trial.exposed_turn = 1;
  trial.delivery = Delivery::kAltered;
  trial.attempted = trial.executed = trial.blocked = 1;
  trial.queries = 3;
  trial.success_query = 2;
  trial.amount_usd = 12.5;
  trial.blocked_by = BlockedBy::kAgent;
  trial.turns = 4;
  trial.tool_calls = 5;
  trial.stop = Stop::kError;
  for (Usage& usage : trial.usage) usage = {1, 2, 3, 4'000'000};
  trial.attempt = 1;
  trial.task_hash = trial.payload_hash = trial.policy_hash = trial.judge_hash = "0123456789abcdef";
  trial.unanswered = {{"length", 1}};
  trial.answered_by = {{"agent", "m"}};
  trial.error_kind = TrialError::kWorld;
  trial.error_message = "gone";
  return trial;
}

TEST(RowKeys, BringBackAllThatARowCanSay) {
  std::string row;
  AppendTrialRow(FullTrial(), row);
  const auto read = ParseTrialRow(row.substr(0, row.size() - 1), "");
  ASSERT_TRUE(read) << read.error().Text();
  EXPECT_EQ(*read, FullTrial()) << row;
  std::string again;
  AppendTrialRow(*read, again);
  EXPECT_EQ(again, row);
}

TEST(RowKeys, AreScannedForEveryRole) {
  Trial trial = FullTrial();
  trial.reward.reset();
  trial.blocked_by = BlockedBy::kDefense;
  trial.unanswered.clear();
  trial.answered_by.clear();
  for (const Role silent : kEvery<Role>) {
    Trial row = trial;
    row.usage[silent] = Usage();
    std::string text;
    AppendTrialRow(row, text);
    text.append(kScanPadding, '\0');
    TrialRow scanned;
    ASSERT_NE(ScanTrialRow(text.data(), scanned), nullptr) << text;
    EXPECT_EQ(scanned.counts, CountsOf(row)) << text;
    EXPECT_EQ(scanned.counts.calls, static_cast<std::int64_t>(kCount<Role>) - 1) << text;
  }
}

TEST(RowKeys, OfUnknownWordsReadAsTheNearestThatIsKnown) {
  std::string row;
  AppendTrialRow(FullTrial(), row);
  const auto with = [&](std::string_view word, std::string_view other) {
    std::string changed = row;
    changed.replace(changed.find(word), word.size(), other);
    return ParseTrialRow(changed, "").value();
  };
  EXPECT_EQ(with("\"world\"", "\"weather\"").error_kind, TrialError::kEpisode);
  EXPECT_EQ(with("\"blocked_by\":\"agent\"", "\"blocked_by\":\"nobody\"").blocked_by, std::nullopt);
}

TEST(LogPlaces, AreOrderedByLogThenOffset) {
  const LogPlace first(1, (std::uint64_t{1} << 43U) + 5);
  EXPECT_EQ(first.log(), 1U);
  EXPECT_EQ(first.offset(), (std::uint64_t{1} << 43U) + 5);
  EXPECT_LT(first, LogPlace(2, 0));
  EXPECT_LT(LogPlace(1, 4), first);
  EXPECT_TRUE(LogPlace().nowhere());
  EXPECT_FALSE(first.nowhere());
}

}  // namespace
}  // namespace xsweep
