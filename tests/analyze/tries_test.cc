// Tries to success: what is known of each trial at each number of tries.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/tries.h"

#include <gtest/gtest.h>

#include "analyze/rows.h"

namespace xsweep {
namespace {

/// A run of two tasks, written and read back as any other.
class RunOfTries : public testing::Test {
 protected:
  void Add(const std::string& task, Outcome outcome, std::int64_t queries, std::int64_t success_query = 0) {
    Trial trial;
    trial.index = index_++;
    trial.cell = "base";
    trial.task = task;
    trial.outcome = outcome;
    trial.exposed = true;
    trial.exposed_turn = 1;
    trial.queries = queries;
    trial.success_query = success_query;
    if (outcome == Outcome::kError) trial.error_kind = TrialError::kEpisode;
    rows_ += RowOf(trial);
  }
  std::optional<TriesCurve> Curve(int threads = 1) {
    const std::string path = directory_.Write("trials.jsonl", rows_);
    return TriesToSuccess(AggregateRows(path, {.threads = threads}).value().cells.at(0));
  }

 private:
  TemporaryDirectory directory_;
  std::uint64_t index_ = 0;
  std::string rows_;
};

TEST_F(RunOfTries, CountsWhoGaveUpAsFailedAtEveryTry) {
  Add("a", Outcome::kAttackSucceeded, 1, 1);
  Add("a", Outcome::kAttackSucceeded, 2, 2);
  Add("a", Outcome::kAttackResisted, 1);
  Add("a", Outcome::kAttackResisted, 3);
  Add("b", Outcome::kAttackSucceeded, 3, 3);
  Add("b", Outcome::kAttackResisted, 3);
  const auto curve = Curve();
  ASSERT_TRUE(curve);
  ASSERT_EQ(curve->points.size(), 3U);
  EXPECT_DOUBLE_EQ(curve->points[0].value, 0.125) << "a quarter of one task, none of the other";
  EXPECT_DOUBLE_EQ(curve->points[1].value, 0.25);
  EXPECT_DOUBLE_EQ(curve->points[2].value, 0.5);
  EXPECT_EQ(curve->half, 3);
}

TEST_F(RunOfTries, KnowsOfWhomAnErrorCutOffOnlyWhatCameBefore) {
  Add("a", Outcome::kAttackSucceeded, 2, 2);
  Add("a", Outcome::kError, 1);
  Add("b", Outcome::kAttackResisted, 3);
  Add("b", Outcome::kAttackResisted, 3);
  const auto curve = Curve();
  ASSERT_TRUE(curve);
  EXPECT_DOUBLE_EQ(curve->points[0].value, 0);
  EXPECT_NEAR(curve->points[1].value, 1.0 / 3, 1e-12) << "half a task of the one and a half that are left";
  EXPECT_FALSE(curve->half);
}

TEST_F(RunOfTries, SaysNothingWhereASuccessHasNoTryOrNobodyTriedTwice) {
  Add("a", Outcome::kAttackResisted, 1);
  Add("b", Outcome::kAttackSucceeded, 1, 1);
  EXPECT_FALSE(Curve());
  Add("b", Outcome::kAttackSucceeded, 3);
  EXPECT_FALSE(Curve()) << "a row of an older version";
}

}  // namespace
}  // namespace xsweep
