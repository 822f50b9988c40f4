// What the values of an axis are called: short, and each unlike the others.
// SPDX-License-Identifier: Apache-2.0
#include "words/axis_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace xsweep {
namespace {

std::vector<std::string> Words(const std::vector<std::string>& texts) {
  std::vector<Json> values;
  for (const std::string& text : texts) values.push_back(*Json::Parse(text));
  std::vector<std::string> words;
  for (const Json& value : values) words.push_back(AxisWords(value, values));
  return words;
}

TEST(AxisWords, ShowPlainValuesAsTheyAre) {
  EXPECT_THAT(Words({R"("none")", "100", "true", "[150,369]"}),
              testing::ElementsAre("none", "100", "true", "[150, 369]"));
}

TEST(AxisWords, NamePartsByWhatDiffersBetweenNamesakes) {
  EXPECT_THAT(
      Words({R"({"name":"none"})", R"({"name":"refund_limit","threshold":100,"tools":[]})",
             R"({"name":"refund_limit","threshold":200,"tools":[]})", R"({"name":"spotlight","style":"mark"})"}),
      testing::ElementsAre("none", "refund_limit (threshold 100)", "refund_limit (threshold 200)", "spotlight"));
}

TEST(AxisWords, LookIntoStacks) {
  const std::string limit = R"({"name":"refund_limit","threshold":150})";
  const auto stack = [&](const std::string& more) {
    return R"({"name":"stack","defenses":[)" + limit + "," + more + "]}";
  };
  EXPECT_THAT(
      Words({stack(R"({"name":"spotlight","style":"delimit"})"), stack(R"({"name":"spotlight","style":"mark"})")}),
      testing::ElementsAre("stack (defenses refund_limit + spotlight (style delimit))",
                           "stack (defenses refund_limit + spotlight (style mark))"));
}

TEST(AxisWords, PreferTheLabel) {
  EXPECT_THAT(Words({R"({"name":"refund_limit","threshold":100,"label":"strict"})",
                     R"({"name":"refund_limit","threshold":200})"}),
              testing::ElementsAre("strict", "refund_limit"));
}

TEST(AxisWords, ShowModelsByProviderAndWhatDiffers) {
  EXPECT_THAT(Words({R"({"provider":"openai","model":"a","temperature":0})",
                     R"({"provider":"openai","model":"b","temperature":0})"}),
              testing::ElementsAre("openai (model a)", "openai (model b)"));
}

}  // namespace
}  // namespace xsweep
