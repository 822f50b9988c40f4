// What Json promises: numbers keep their spelling's kind, order is kept, copies do not see changes.
// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

std::string RoundTrip(std::string_view text) {
  const auto value = Json::Parse(text);
  return value ? value->Dump() : value.error().message;
}

TEST(JsonNumbers, KeepTheKindTheyWereWrittenIn) {
  EXPECT_EQ(RoundTrip("[25,25.0,-0.0,1e22,1e-7,100000000000000000000,18446744073709551615,0.1]"),
            "[25,25.0,-0.0,1e+22,1e-07,100000000000000000000,18446744073709551615,0.1]");
  EXPECT_NE(*Json::Parse("25"), *Json::Parse("25.0"));
}

TEST(JsonObjects, KeepOrderAndLetTheLastDuplicateWinInPlace) {
  EXPECT_EQ(RoundTrip(R"({"b":1,"a":2,"b":3})"), R"({"b":3,"a":2})");
  EXPECT_EQ(RoundTrip(R"({"b":1,"a":2,"b":3,"b":4,"c":5})"), R"({"b":4,"a":2,"c":5})");
  EXPECT_EQ(*Json::Parse(R"({"b":1,"a":2})"), *Json::Parse(R"({"a":2,"b":1})"));
}

TEST(JsonCopies, DoNotSeeEachOthersChanges) {
  const Json original = *Json::Parse(R"({"list":[1,{"deep":true}]})");
  Json copy = original;
  copy.FindMutable("list")->MutableItem(1).Set("deep", false);
  EXPECT_EQ(original.Dump(), R"({"list":[1,{"deep":true}]})");
  EXPECT_EQ(copy.Dump(), R"({"list":[1,{"deep":false}]})");
}

TEST(JsonParse, RefusesWhatIsNotJson) {
  for (const std::string_view bad :
       {"", "  ", "{", "[1,]", "{\"a\":}", "1 2", "nul", "[1]]", "\"\xff\"", "01", "1,2"}) {
    EXPECT_FALSE(Json::Parse(bad).has_value()) << bad;
  }
  std::string deep(300, '[');
  EXPECT_FALSE(Json::Parse(deep + std::string(300, ']')).has_value());
}

TEST(JsonParse, ReadsScalarsAndEscapes) {
  EXPECT_EQ(Json::Parse("\"a\\u00e9\\n\\ud83d\\ude00\"")->AsString(), "a\xC3\xA9\n\xF0\x9F\x98\x80");
  EXPECT_TRUE(Json::Parse(" null ")->is_null());
  EXPECT_EQ(Json("tab\t\x01\"").Dump(), "\"tab\\t\\u0001\\\"\"");
}

TEST(JsonText, EscapesEveryByteThatNeedsItWhereverItStands) {
  for (int byte = 0; byte < 128; ++byte) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text(20, '!');
      text[place] = static_cast<char>(byte);
      text[(place + 1) % 20] = '#';  // what follows a byte that needs an escape may itself need none
      const std::string written = Json(text).Dump();
      EXPECT_EQ(Json::Parse(written)->AsString(), text) << byte << " at " << place;
      const bool escaped = byte < 0x20 || byte == '"' || byte == '\\';
      EXPECT_EQ(written.find('\\') != std::string::npos, escaped) << byte << " at " << place;
    }
  }
  EXPECT_EQ(Json("\n \x1f\xC3\xA9\xC3\xA9").Dump(), "\"\\n \\u001f\xC3\xA9\xC3\xA9\"");
}

TEST(JsonParse, RefusesABrokenNullInsteadOfThrowing) {
  EXPECT_FALSE(Json::Parse("{\"a\": null\f}"));
  EXPECT_FALSE(Json::Parse("[nul]"));
  EXPECT_FALSE(Json::Parse("nullnull"));
}

}  // namespace
}  // namespace xsweep
