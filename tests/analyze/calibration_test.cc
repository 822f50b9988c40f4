// Labels of people: read as they stand, and what they make of a judge's rate.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/calibration.h"

#include <gtest/gtest.h>

#include "analyze/rows.h"

namespace xsweep {
namespace {

class LabelledRun : public ::testing::Test {
 protected:
  std::string Write(const std::string& labels) {
    HandMadeRun run;
    run.Cell("base", {"ssrr", "srrr", "rrrr"});
    const std::string path = run.WriteTo(directory_, "run");
    directory_.Write("run/labels.jsonl", labels);
    return path;
  }
  static std::string Label(int index, bool label) {
    return "{\"index\":" + std::to_string(index) + ",\"label\":" + (label ? "true" : "false") + "}\n";
  }
  TemporaryDirectory directory_;
};

TEST_F(LabelledRun, CorrectsTheRateThatTheJudgeGave) {
  // All three yes-verdicts are labelled, one of them wrong; of the no-verdicts two, both right.
  const auto cells =
      ReadCalibration(Write(Label(0, true) + Label(1, false) + Label(4, true) + Label(2, false) + Label(8, false)));
  ASSERT_TRUE(cells) << cells.error().Text();
  ASSERT_EQ(cells->size(), 1U);
  const CellCalibration& cell = cells->front();
  EXPECT_EQ(cell.yes.labels, 3);
  EXPECT_EQ(cell.no.labels, 2);
  EXPECT_DOUBLE_EQ(cell.judged, 0.25);
  ASSERT_TRUE(cell.rate);
  EXPECT_DOUBLE_EQ(cell.rate->right_when_yes, 2.0 / 3);
  EXPECT_NEAR(cell.rate->estimate, 2.0 / 12, 1e-12);
}

TEST_F(LabelledRun, SaysNothingOfAVerdictThatNobodyLabelled) {
  const auto cells = ReadCalibration(Write(Label(0, true)));
  ASSERT_TRUE(cells);
  EXPECT_FALSE(cells->front().rate);
}

TEST_F(LabelledRun, TakesTheLaterOfTwoLabelsAndDropsATornLine) {
  const auto labels = ReadLabels(Write(Label(0, true) + Label(0, false) + "{\"index\":1,\"lab"));
  ASSERT_TRUE(labels);
  EXPECT_EQ(*labels, (Labels{{0, false}}));
}

TEST_F(LabelledRun, NamesTheLineThatIsNoLabel) {
  const auto labels = ReadLabels(Write(Label(0, true) + "{\"index\":1}\n"));
  ASSERT_FALSE(labels);
  EXPECT_NE(labels.error().Text().find("labels.jsonl:2"), std::string::npos);
}

TEST_F(LabelledRun, CorrectsADifferenceOverTheTasksThatBothHave) {
  const auto write = [&](const std::string& name, const std::vector<std::string>& tasks, const std::string& labels) {
    HandMadeRun run;
    run.Cell("base", tasks).Cell("unlabelled", tasks);
    const std::string path = run.WriteTo(directory_, name);
    directory_.Write(name + "/labels.jsonl", labels);
    return path;
  };
  // In B the judge sees two successes that nobody else sees.
  const std::string a = write("a", {"rr", "rr", "sr"}, Label(0, false) + Label(4, true));
  const std::string b =
      write("b", {"sr", "sr", "sr"}, Label(0, false) + Label(2, false) + Label(4, true) + Label(1, false));
  const auto cells = CompareCalibrations(a, b);
  ASSERT_TRUE(cells) << cells.error().Text();
  ASSERT_EQ(cells->size(), 1U) << "the other cell has no label";
  EXPECT_NEAR(cells->front().difference.difference, 0, 1e-12) << "judged, it would be a third";
  EXPECT_DOUBLE_EQ(cells->front().b.judged, 0.5);
  EXPECT_TRUE(CompareCalibrations(a, write("c", {"rr", "rr"}, "")).value().empty());
}

TEST_F(LabelledRun, WithoutLabelsIsNoError) {
  HandMadeRun run;
  run.Cell("base", {"s"});
  const auto cells = ReadCalibration(run.WriteTo(directory_, "other"));
  ASSERT_TRUE(cells);
  EXPECT_TRUE(cells->empty());
}

}  // namespace
}  // namespace xsweep
