// Claims: two processes of a machine do not take the same work, two ranges do not meet.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/claim.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

TEST(AClaim, ExcludesOverlapsWhileItLives) {
  {
    const auto held = Claim::Take("claim test run", 100, 200);
    ASSERT_TRUE(held);
    EXPECT_FALSE(Claim::Take("claim test run", 199, 300));
    EXPECT_FALSE(Claim::Take("claim test run", 0, 101));
    EXPECT_FALSE(Claim::Take("claim test run", 100, 200));
    EXPECT_TRUE(Claim::Take("claim test run", 200, 300));
    EXPECT_TRUE(Claim::Take("another run", 100, 200));
  }
  EXPECT_TRUE(Claim::Take("claim test run", 100, 200));
}

}  // namespace
}  // namespace xsweep
