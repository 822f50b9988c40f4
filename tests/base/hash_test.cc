// Tests of hashes.
// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

TEST(CommonBeginning, GivesTheHashesOfTheWholeTexts) {
  CommonBeginning hasher;
  for (const std::size_t size : {1U, 15U, 200U, 5000U, 20'000U, 5000U}) {
    const std::string beginning = std::string(size, 'x') + "head";
    for (const std::size_t more : {0U, 3U, 239U, 1025U}) {
      const std::string rest(more, 'y');
      const auto [whole, head] = hasher.Of(beginning, rest, 1);
      EXPECT_EQ(whole, Hash64(beginning + rest)) << size << " and " << more;
      EXPECT_EQ(head, Hash64(std::string_view(beginning).substr(1)));
    }
  }
}

TEST(CommonBeginning, SeesAnotherBeginningOfTheSameLength) {
  CommonBeginning hasher;
  const std::string one(1000, 'x'), other = one.substr(1) + "y";
  EXPECT_EQ(hasher.Of(one, "rest", 0).whole, Hash64(one + "rest"));
  EXPECT_EQ(hasher.Of(other, "rest", 0).whole, Hash64(other + "rest"));
  EXPECT_EQ(hasher.Of(other, "rest", 2).beginning, Hash64(std::string_view(other).substr(2)));
}

}  // namespace
}  // namespace xsweep
