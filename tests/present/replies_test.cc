// What rows say of replies is counted as whole rows would have it counted.
// SPDX-License-Identifier: Apache-2.0
#include "present/replies.h"

#include <gtest/gtest.h>

#include "analyze/rows.h"

namespace xsweep {
namespace {

TEST(CountReplies, SumsWhatTheTrialsSay) {
  std::string rows;
  ReplyCounts expected;
  for (std::uint32_t i = 0; i < 300; ++i) {
    Trial trial = DrawnTrial(i);
    if (i % 3 == 0) trial.unanswered = {{"length", i % 4 + 1}, {"judge.empty", 1}};
    if (i % 5 == 0) trial.blocked_by = i % 2 == 0 ? BlockedBy::kProvider : BlockedBy::kDefense;
    if (i % 4 == 0) trial.stop = Stop::kMaxCalls;
    if (i % 7 == 0) trial.answered_by = {{"agent", "named \"\\so\", \"blocked_by\":\"provider\"}"}};
    rows += RowOf(trial);
    expected.unanswered_trials += trial.unanswered.empty() ? 0 : 1;
    expected.blocked_by_provider += trial.blocked_by == BlockedBy::kProvider ? 1 : 0;
    expected.cut_off += trial.outcome == Outcome::kAttackResisted && trial.stop == Stop::kMaxCalls ? 1 : 0;
    for (const auto& [name, count] : trial.unanswered) expected.unanswered[name] += count;
    for (const auto& [role, model] : trial.answered_by) ++expected.answered_by[role + ": " + model];
  }
  const TemporaryDirectory directory;
  const auto counts = CountReplies(directory.Write("trials.jsonl", rows));
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->unanswered_trials, expected.unanswered_trials);
  EXPECT_EQ(counts->blocked_by_provider, expected.blocked_by_provider);
  EXPECT_EQ(counts->cut_off, expected.cut_off);
  EXPECT_GT(counts->cut_off, 0);
  EXPECT_EQ(counts->unanswered, expected.unanswered);
  EXPECT_EQ(counts->answered_by, expected.answered_by);
  EXPECT_GT(counts->answered_by.size(), 2U);
}

TEST(CountReplies, PassesOverWhatIsNoRow) {
  const TemporaryDirectory directory;
  const auto counts = CountReplies(directory.Write(
      "trials.jsonl",
      "{\"unanswered\":{\"length\":1},\"turns\":3\n{\"unanswered\":{\"length\":\"many\"}}\n\"unanswered\":{\n" +
          RowOf([] {
            Trial trial = DrawnTrial(1);
            trial.unanswered = {{"length", 2}};
            return trial;
          }())));
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->unanswered_trials, 1);
  EXPECT_EQ(counts->unanswered.at("length"), 2);
}

}  // namespace
}  // namespace xsweep
