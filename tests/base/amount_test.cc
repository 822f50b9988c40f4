// Amounts in the spellings of people, models and tools.
// SPDX-License-Identifier: Apache-2.0
#include "base/amount.h"

#include <gtest/gtest.h>

#include <limits>

namespace xsweep {
namespace {

TEST(AnAmount, IsReadInEverySpellingThatSomeToolTakes) {
  const std::pair<const char*, double> cases[] = {
      {"300", 300},
      {" 300\n", 300},
      {"3e2", 300},
      {"+300.0", 300},
      {"-500", -500},
      {"1_000", 1000},
      {"$1,200.50", 1200.5},
      {"1200.50 USD", 1200.5},
      {"-$5", -5},
      {"5 dollars", 5},
      {"€7", 7},
      {".5", 0.5},
      {"1e400", std::numeric_limits<double>::max()},
      {"\xEF\xBC\x93\xEF\xBC\x90\xEF\xBC\x90", 300},
      {"inf", std::numeric_limits<double>::max()},
  };
  for (const auto& [text, amount] : cases) EXPECT_EQ(AmountIn(std::string_view(text)), amount) << text;
}

TEST(AnAmount, IsNothingWhereNoneIsStated) {
  for (const char* text :
       {"", " ", "three hundred", "300 bottles", "1,,000", ",5", "5_", "nan", "--5", "0x12", "(5)"}) {
    EXPECT_EQ(AmountIn(std::string_view(text)), std::nullopt) << text;
  }
  EXPECT_EQ(AmountIn(Json()), std::nullopt);
  EXPECT_EQ(AmountIn(std::string_view(std::string(1 << 20, '1'))), std::nullopt);
}

TEST(AnAmount, ThatAToolTookAndNobodyCanReadIsNeverASmallOne) {
  for (const char* text : {R"("nan")", R"("0x12C")", R"("three hundred")", "{}"}) {
    EXPECT_EQ(AmountMoved(*Json::Parse(text)), std::numeric_limits<double>::max()) << text;
  }
  for (const char* text : {"null", R"("")", R"(" ")", "0"}) EXPECT_EQ(AmountMoved(*Json::Parse(text)), 0) << text;
  EXPECT_EQ(AmountMoved(*Json::Parse(R"("3e2")")), 300);
  EXPECT_EQ(AmountMoved(*Json::Parse("-5")), -5);
}

TEST(AnAmount, OfAListOrObjectIsTheLargestWithin) {
  EXPECT_EQ(AmountIn(*Json::Parse(R"({"usd": [1, "70"], "note": "x"})")), 70.0);
  EXPECT_EQ(AmountIn(Json(true)), 1.0);
}

TEST(Spellings, AreTheSameWhereAToolWouldTakeThemAlike) {
  const auto same = [](const char* a, const char* b) { return SpellTheSame(*Json::Parse(a), *Json::Parse(b)); };
  EXPECT_TRUE(same(R"({"a": 300, "b": ["x"]})", R"({"b": [" x "], "a": "3e2"})"));
  EXPECT_FALSE(same("300", "301"));
  EXPECT_FALSE(same("\"x\"", "\"y\""));
  EXPECT_FALSE(same("[1]", "1"));
  EXPECT_FALSE(same(R"({"a": 1})", R"({"a": 1, "b": 2})"));
}

}  // namespace
}  // namespace xsweep
