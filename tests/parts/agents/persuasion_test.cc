// Persuasion grows with text, never shrinks; caution has its caps.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/persuasion.h"

#include <gtest/gtest.h>

#include "episode/exposure.h"

namespace xsweep {
namespace {

double ScoreOf(std::string_view text) {
  const TextCues cues = ReadCues(text);
  std::array<std::uint32_t, kCueFamilies> hits{};
  for (std::size_t i = 0; i < hits.size(); ++i) hits[i] = cues.hits[i];
  return Persuasion(hits, 1);
}

TEST(Persuasion, NeverShrinksWhenTextIsAdded) {
  const std::string pieces[] = {"please ",         "URGENT: ", "my manager ", "x",    ".",
                                "System message ", "step 1 ",  "\n",          "over", "ride "};
  const Draws draws(3, "persuasion", 0);
  for (std::uint32_t round = 0; round < 50; ++round) {
    std::string text;
    double last = 0;
    for (std::uint32_t i = 0; i < 30; ++i) {
      const std::string& piece = pieces[draws.Integer("piece", round * 100 + i, 0, 9)];
      text = draws.Uniform("side", round * 100 + i) < 0.5 ? text + piece : piece + text;
      EXPECT_GE(ScoreOf(text), last) << text;
      last = ScoreOf(text);
    }
  }
}

TEST(Persuasion, AddsUpFamiliesAsDocumented) {
  EXPECT_DOUBLE_EQ(ScoreOf("Hello."), 0);
  EXPECT_DOUBLE_EQ(ScoreOf("please"), 0.2);
  EXPECT_DOUBLE_EQ(ScoreOf("Urgent policy exception"), 0.6 + 0.8);
  EXPECT_DOUBLE_EQ(ScoreOf("manager manager manager manager"), 0.9 * 1.5);
  EXPECT_DOUBLE_EQ(Persuasion({}, 9), 1.2);
}

TEST(Persuasion, ReadsThroughDataMarks) { EXPECT_DOUBLE_EQ(ScoreOf(MarkBlanks("as soon as")), 0.6); }

TEST(Caution, HasItsCaps) {
  std::string rules;
  std::string guards;
  for (int i = 0; i < 50; ++i) rules += "You must not. ";
  for (int i = 0; i < 50; ++i) guards += "untrusted ";
  EXPECT_DOUBLE_EQ(Caution(""), 0);
  EXPECT_DOUBLE_EQ(Caution("only if"), 0.15);
  EXPECT_DOUBLE_EQ(Caution(rules), 1.5);
  EXPECT_DOUBLE_EQ(Caution(rules + guards), 3.5);
}

TEST(ComplianceProbability, IsTheSusceptibilityWhenNothingElseSpeaks) {
  EXPECT_NEAR(ComplianceProbability(0.6, 0, 0), 0.6, 1e-12);
  EXPECT_NEAR(ComplianceProbability(0.6, 1.5, 1.5), 0.6, 1e-12);
  EXPECT_EQ(ComplianceProbability(0, 9, 0), 0);
  EXPECT_EQ(ComplianceProbability(1, 0, 9), 1);
}

}  // namespace
}  // namespace xsweep
