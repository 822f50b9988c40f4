// Values print as CPython 3.11 prints them; every expected text here was printed by it.
// SPDX-License-Identifier: Apache-2.0
#include "parts/parsed.h"
#include "python/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace xsweep {
namespace {

TEST(PythonJson, SeparatesWithSpacesAndKeepsTheOrderOfKeys) {
  EXPECT_EQ(PythonJson(Parsed(R"({"b":[1,2.0,null],"a":{"x":true},"e":{},"l":[]})")),
            R"({"b": [1, 2.0, null], "a": {"x": true}, "e": {}, "l": []})");
}

TEST(PythonJson, SortsKeysAtEveryLevelByCodePoint) {
  EXPECT_EQ(PythonJson(Parsed(R"({"b":{"z":1,"Z":2},"a":[{"d":1,"c":2}],"é":0,"~":1})"), KeyOrder::kSorted),
            R"({"a": [{"c": 2, "d": 1}], "b": {"Z": 2, "z": 1}, "~": 1, "\u00e9": 0})");
}

TEST(PythonJson, EscapesEverythingButPrintableAscii) {
  EXPECT_EQ(PythonJson(Json("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"\\/\b\f\n\r\t\x01")),
            "\"a\\u00e9\\u20ac\\ud83d\\ude00\\u007f\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\"");
}

TEST(PythonJson, NamesWhatIsNoFiniteNumber) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(PythonJson(Json::MakeArray({inf, -inf, std::nan("")})), "[Infinity, -Infinity, NaN]");
  EXPECT_EQ(PythonRepr(Json::MakeArray({inf, -inf, std::nan("")})), "[inf, -inf, nan]");
}

TEST(PythonRepr, ChoosesTheQuotesThatNeedNoEscape) {
  EXPECT_EQ(PythonRepr(Json("plain")), "'plain'");
  EXPECT_EQ(PythonRepr(Json("it's")), "\"it's\"");
  EXPECT_EQ(PythonRepr(Json("say \"it's\"")), R"('say "it\'s"')");
  EXPECT_EQ(PythonRepr(Json("say \"so\"")), R"('say "so"')");
}

TEST(PythonRepr, EscapesWhatDoesNotPrint) {
  EXPECT_EQ(PythonRepr(Json("a\\b\n\r\t\x01\x7F")), R"('a\\b\n\r\t\x01\x7f')");
  EXPECT_EQ(PythonRepr(Json("\xC2\xA0\xC2\xAD\xC3\xA9\xE2\x80\x8B\xE2\x82\xAC")),
            "'\\xa0\\xad\xC3\xA9\\u200b\xE2\x82\xAC'");
  EXPECT_EQ(PythonRepr(Json("\xF0\x9F\x98\x80\xF3\xA0\x80\x81\xCD\xB8")), "'\xF0\x9F\x98\x80\\U000e0001\\u0378'");
}

TEST(PythonRepr, PrintsNestedValues) {
  EXPECT_EQ(PythonRepr(Parsed(R"({"a":[1,"x",null,true,-0.0],"b":{"c":[]},"n":100000000000000000000})")),
            "{'a': [1, 'x', None, True, -0.0], 'b': {'c': []}, 'n': 100000000000000000000}");
}

TEST(PythonStr, LeavesAStringAsItIs) {
  EXPECT_EQ(PythonStr(Json("it's")), "it's");
  EXPECT_EQ(PythonStr(Parsed(R"(["it's"])")), "[\"it's\"]");
  EXPECT_EQ(PythonStr(Json()), "None");
}

TEST(PythonFloat, IsTheShortestTextThatReadsBack) {
  const auto print = [](double value) {
    std::string out;
    AppendPythonFloat(value, out);
    return out;
  };
  EXPECT_EQ(print(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(print(1e16), "1e+16");
  EXPECT_EQ(print(9999999999999998.0), "9999999999999998.0");
  EXPECT_EQ(print(0.0001), "0.0001");
  EXPECT_EQ(print(0.00001), "1e-05");
  EXPECT_EQ(print(5e-324), "5e-324");
}

TEST(RoundToCents, RoundsTheExactValueHalfToEven) {
  EXPECT_EQ(RoundToCents(2.675), 2.67);
  EXPECT_EQ(RoundToCents(2.665), 2.67);
  EXPECT_EQ(RoundToCents(0.125), 0.12);
  EXPECT_EQ(RoundToCents(0.375), 0.38);
  EXPECT_EQ(RoundToCents(1.005), 1.0);
  EXPECT_EQ(RoundToCents(-12.345000000000001), -12.35);
  EXPECT_TRUE(std::signbit(RoundToCents(-0.001)));
  EXPECT_EQ(RoundToCents(1e300), 1e300);
  EXPECT_TRUE(std::isnan(RoundToCents(std::nan(""))));
}

}  // namespace
}  // namespace xsweep
