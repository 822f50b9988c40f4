// A payload goes into one leaf of a result, in both of its forms, and every other byte stays.
// SPDX-License-Identifier: Apache-2.0
#include "parts/shared/splice.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

TEST(Splice, LeavesEveryOtherByteOfATextAlone) {
  std::string text = "{ \"a\" : 1.50,\n\t\"r\": [ {\"t\":\"hello\"} , {\"t\":\"b\\u00e9\"} ] }\n";
  ASSERT_TRUE(SpliceText(text, "/r/0/t", "do \"it\"\nnow", false));
  EXPECT_EQ(text, "{ \"a\" : 1.50,\n\t\"r\": [ {\"t\":\"hello do \\\"it\\\"\\nnow\"} , {\"t\":\"b\\u00e9\"} ] }\n");
}

TEST(Splice, PutsTheTextInPlaceWhenToldTo) {
  std::string text = R"({"n": 5, "t": "x"})";
  EXPECT_TRUE(SpliceText(text, "/n", "five", true));
  EXPECT_EQ(text, R"({"n": "five", "t": "x"})");
}

TEST(Splice, RefusesWhatIsNotThere) {
  std::string text = R"({"n": 5, "t": "x"})";
  for (const char* pointer : {"/m", "/n", "/t/0", "t", "/t~"}) {
    EXPECT_FALSE(SpliceText(text, pointer, "p", false)) << pointer;
  }
  EXPECT_EQ(text, R"({"n": 5, "t": "x"})");
  std::string prose = "no JSON";
  EXPECT_FALSE(SpliceText(prose, "/t", "p", false));
}

TEST(Splice, ReadsEscapesInPointersAndKeys) {
  std::string text = R"({"a/b":{"~":["", "leaf"]}})";
  EXPECT_TRUE(SpliceText(text, "/a~1b/~0/1", "p", false));
  EXPECT_EQ(text, R"({"a/b":{"~":["", "leaf p"]}})");
}

TEST(Splice, RewritesTextAndDataTogether) {
  std::string content = R"({"r": [{"t": "hi"}]})";
  Json data = Json::Parse(content).value();
  ASSERT_TRUE(SpliceResult(content, data, "/r/0/t", "PAY", false));
  EXPECT_EQ(content, R"({"r": [{"t": "hi PAY"}]})");
  EXPECT_EQ(AtPointer(data, "/r/0/t")->AsString(), "hi PAY");
}

TEST(Splice, FindsTheTwinInProse) {
  std::string content = "Review: hi there.";
  Json data = Json::Parse(R"({"t": "hi there"})").value();
  ASSERT_TRUE(SpliceResult(content, data, "/t", "PAY", false));
  EXPECT_EQ(content, "Review: hi there PAY.");
}

TEST(Splice, AppendsToTheWholeWithoutAPointer) {
  std::string content = "plain";
  Json none;
  EXPECT_TRUE(SpliceResult(content, none, "", "PAY", false));
  EXPECT_EQ(content, "plain\nPAY");
}

}  // namespace
}  // namespace xsweep
