// Limits on calls: bounds and what counts against them are in one unit.
// SPDX-License-Identifier: Apache-2.0
#include "words/call_limits.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

TEST(CallLimits, CountWhatTheirNamesSay) {
  const Usage used{.calls = 2, .prompt_tokens = 30, .completion_tokens = 4, .cost_nano_usd = 500};
  EXPECT_EQ(AmountsOf(used), (Amounts{2, 30, 4, 34, 500}));
}

TEST(CallLimits, BoundWhatIsCounted) {
  CallLimits limits;
  limits.max_calls = 3;
  limits.max_total_tokens = 100;
  limits.max_cost_usd = 0.1;
  const auto bounds = BoundsOf(limits);
  EXPECT_EQ(bounds[CallLimit::kCalls], 3);
  EXPECT_EQ(bounds[CallLimit::kPromptTokens], std::nullopt);
  EXPECT_EQ(bounds[CallLimit::kTotalTokens], 100);
  EXPECT_EQ(bounds[CallLimit::kCost], 100'000'000);
}

std::optional<std::int64_t> BoundOfCost(double usd) {
  CallLimits limits;
  limits.max_cost_usd = usd;
  return BoundsOf(limits)[CallLimit::kCost];
}

TEST(CallLimits, LetACallHappenUnderAnyCostThatIsNotNothing) {
  EXPECT_EQ(BoundOfCost(0.0), 0);
  EXPECT_EQ(BoundOfCost(1e-12), 1);
  EXPECT_EQ(BoundOfCost(1e300), 1'000'000'000'000'000'000);
}

}  // namespace
}  // namespace xsweep
