// What summary.png and summary.svg promise.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/summary_plot.h"

#include "pictures/gnuplot.h"
#include "support/golden.h"
#include "support/sample_story.h"

namespace xsweep {
namespace {

TEST(SummaryPlot, ShowsTheSameBytesForTheSameRun) {
  const SampleRun run = MakeRun(GridSample(4, 3));
  ExpectGolden("summary.svg", SummaryPlot(run.manifest, run.aggregate).Svg());
  const auto once = RenderPngs({{"summary", SummaryPlot(run.manifest, run.aggregate)}});
  const auto twice = RenderPngs({{"summary", SummaryPlot(run.manifest, run.aggregate)}});
  ASSERT_TRUE(once.has_value()) << once.error().Text();
  EXPECT_EQ(once->front(), twice->front());
}

TEST(SummaryPlot, HasAPanelForWhatThereIs) {
  const SampleRun both = MakeRun(GridSample(4, 1));
  const std::string svg = SummaryPlot(both.manifest, both.aggregate).Svg();
  EXPECT_NE(svg.find("attack success and task success by cell"), std::string::npos);
  Sample sample = GridSample(4, 1);
  for (CellRecord& cell : sample.cells) cell.attack = "none";
  const SampleRun benign = MakeRun(sample);
  EXPECT_NE(SummaryPlot(benign.manifest, benign.aggregate).Svg().find(": task success by cell"), std::string::npos);
  sample = GridSample(4, 1);
  const auto usual = sample.shape;
  sample.shape = [=](const CellRecord& cell, Trial& trial) { usual(cell, trial), trial.task_success.reset(); };
  const SampleRun attacked = MakeRun(sample);
  EXPECT_NE(SummaryPlot(attacked.manifest, attacked.aggregate).Svg().find(": attack success by cell"),
            std::string::npos);
}

// For people who change a picture: XSWEEP_GALLERY=DIR writes it for 1, 3, 12 and 40 cells.
TEST(SummaryPlot, FitsOneToFortyCells) {
  const char* gallery = std::getenv("XSWEEP_GALLERY");
  for (const auto& [cells, seeds] : std::vector<std::pair<int, int>>{{1, 1}, {1, 2}, {3, 3}, {12, 2}, {40, 8}}) {
    const SampleRun run = MakeRun(GridSample(cells, seeds));
    const Canvas canvas = SummaryPlot(run.manifest, run.aggregate);
    EXPECT_LT(canvas.height(), 220 + 60.0 * cells);
    if (gallery == nullptr) continue;
    const auto png = RenderPngs({{"summary", canvas}});
    ASSERT_TRUE(png.has_value()) << png.error().Text();
    const std::string name = fmt::format("{}/summary_{}", gallery, cells * 10 + seeds);
    EXPECT_TRUE(WriteAtomically(RealDisk(), name + ".png", png->front()).has_value());
    EXPECT_TRUE(WriteAtomically(RealDisk(), name + ".svg", canvas.Svg()).has_value());
  }
}

}  // namespace
}  // namespace xsweep
