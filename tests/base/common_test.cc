// Values that many hold in common.
// SPDX-License-Identifier: Apache-2.0
#include "base/common.h"

#include <gtest/gtest.h>

#include <string>

namespace xsweep {
namespace {

using Text = Common<std::string>;

TEST(CommonValues, AreHeldOnceWhereTheyAreEqual) {
  const Text first = Text::Of("a policy");
  EXPECT_TRUE(Text::Of(std::string("a policy")).SharesWith(first));
  EXPECT_FALSE(Text::Of("another").SharesWith(first));
  EXPECT_TRUE(Text::Of("a policy").SharesWith(first)) << "another one came between";
}

TEST(CommonValues, AreNeverTakenForOthersAfterManyCame) {
  const Text first = Text::Of("number 0");
  for (int i = 1; i < 100; ++i) EXPECT_EQ(*Text::Of("number " + std::to_string(i)), "number " + std::to_string(i));
  EXPECT_EQ(*first, "number 0");
  EXPECT_EQ(*Text::Of("number 0"), "number 0");
}

TEST(CommonValues, StandWhereTheValueStood) {
  Text text;
  EXPECT_EQ(*text, "");
  text = "words";
  const std::string& as_it_was = text;
  EXPECT_EQ(as_it_was, "words");
  EXPECT_EQ(text->size(), 5U);
}

}  // namespace
}  // namespace xsweep
