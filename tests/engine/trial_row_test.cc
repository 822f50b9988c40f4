// Rows of trials: what an episode leaves in them.
// SPDX-License-Identifier: Apache-2.0
#include "engine/trial_row.h"

#include <gtest/gtest.h>

#include <string>

namespace xsweep {
namespace {

TEST(RowOfAnEpisode, EqualsItselfReadAgainWithoutPricesAndTokens) {
  EpisodeResult result;
  result.agent_acted = true;
  // Two calls: of one the price is known, and the other did not say what it took.
  result.usage[Role::kAgent] = {2, 10, 5, 1500, false, false};
  result.usage[Role::kJudge] = {1, 7, 1, 2'500'000, true, true};
  Trial row;
  row.cell = "c";
  row.task = "0";
  SetEpisode(result, {}, row);
  std::string line;
  AppendTrialRow(row, line);
  const auto again = ParseTrialRow(line, "row");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, row) << line;
  EXPECT_FALSE(again->usage[Role::kAgent].cost_known);
  EXPECT_EQ(again->usage[Role::kJudge].cost_nano_usd, 2'500'000);
}

}  // namespace
}  // namespace xsweep
