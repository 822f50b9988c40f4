// A picture for a paper has the width, the letters and the format that were asked for; the table compiles.
// SPDX-License-Identifier: Apache-2.0
#include "present/plot.h"

#include "present/latex_table.h"
#include "support/golden.h"
#include "support/sample_story.h"

namespace xsweep {
namespace {

class Plots : public testing::Test {
 protected:
  Expected<std::string> Bytes(const PlotRequest& request) const {
    return PlotBytes(request, run_.manifest, run_.aggregate);
  }
  const SampleRun run_ = MakeRun(GridSample(12, 2));
};

TEST_F(Plots, AreLaidOutForTheirWidthNotShrunk) {
  const std::string svg = Bytes({.format = PlotFormat::kSvg, .width = "170mm"}).value();
  EXPECT_NE(svg.find("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"642.52\""), std::string::npos);
  EXPECT_NE(svg.find("viewBox=\"0 0 642.52 "), std::string::npos) << "letters keep their size";
  const std::string small = Bytes({.format = PlotFormat::kSvg, .width = "170mm", .points = 6}).value();
  EXPECT_NE(small.find("viewBox=\"0 0 963.78 "), std::string::npos) << "smaller letters leave more room";
  EXPECT_NE(small.find("width=\"642.52\""), std::string::npos);
}

TEST_F(Plots, SayWhatLettersWouldFit) {
  const auto narrow = Bytes({.format = PlotFormat::kSvg, .width = "85mm"});
  ASSERT_FALSE(narrow);
  EXPECT_NE(narrow.error().Text().find("--font-size 7.2"), std::string::npos) << narrow.error().Text();
  EXPECT_TRUE(Bytes({.format = PlotFormat::kSvg, .width = "85mm", .points = 7.2}));
}

TEST_F(Plots, LeaveTheirWordsToThePaper) {
  const std::string bare = Bytes({.format = PlotFormat::kSvg, .headings = false}).value();
  EXPECT_EQ(bare.find("bold\">airline_escalating_v1"), std::string::npos);
  EXPECT_EQ(bare.find("95 % intervals:"), std::string::npos);
  EXPECT_NE(Bytes({.format = PlotFormat::kSvg}).value().find("95 % intervals:"), std::string::npos);
}

TEST_F(Plots, AreOfTheFormatThatWasAskedFor) {
  EXPECT_TRUE(
      Bytes({.what = "curves", .format = PlotFormat::kPdf, .font = "Liberation Serif"}).value().starts_with("%PDF"));
  const std::string png = Bytes({.width = "6in"}).value();
  ASSERT_TRUE(png.starts_with("\x89PNG"));
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(png[i])); };
  EXPECT_EQ((byte(18) << 8U) + byte(19), 1800U) << "300 dots to the inch";
  EXPECT_EQ(ParsePlotFormat("jpg").error().kind, ErrorKind::kUser);
}

TEST_F(Plots, ThatDoNotExistAreNamed) {
  EXPECT_NE(Bytes({.what = "sumary", .format = PlotFormat::kSvg}).error().Text().find("`summary`"), std::string::npos);
  const SampleRun one = MakeRun(GridSample(1, 1));
  const auto none = PlotBytes({.what = "attack_defense", .format = PlotFormat::kSvg}, one.manifest, one.aggregate);
  EXPECT_NE(none.error().Text().find("two attacks or two defenses"), std::string::npos) << none.error().Text();
}

TEST(Widths, AreReadWithTheirUnits) {
  EXPECT_DOUBLE_EQ(ParseWidth("1in").value(), 96);
  EXPECT_NEAR(ParseWidth("85mm").value(), 321.26, 0.01);
  EXPECT_DOUBLE_EQ(ParseWidth("72pt").value(), 96);
  EXPECT_DOUBLE_EQ(ParseWidth("960").value(), 960);
  for (const char* wrong : {"", "wide", "-3cm", "0", "3m", "1e9", "nan"}) EXPECT_FALSE(ParseWidth(wrong)) << wrong;
}

TEST(LatexTables, HoldTheCellsWithTheirIntervals) {
  const SampleRun run = MakeRun(GridSample(12, 2));
  ExpectGolden("table.tex", LatexTable(run.manifest, run.aggregate));
}

TEST(LatexTables, ObeyNothingInAName) {
  EXPECT_EQ(LatexText("p ≥ 3 → ∞, naïve τ²"), "p $\\geq$ 3 $\\rightarrow$ $\\infty$, naïve $\\tau$²");
  EXPECT_EQ(LatexText("a_b & 5 % {x} \\input{y} ~^"),
            "a\\_b \\& 5 \\% \\{x\\} \\textbackslash{}input\\{y\\} \\textasciitilde{}\\textasciicircum{}");
}

}  // namespace
}  // namespace xsweep
