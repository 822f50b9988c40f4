// Every picture at every size: the same bytes for the same run, and a gallery for people.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/curves.h"
#include "pictures/density.h"
#include "pictures/distribution.h"
#include "pictures/gnuplot.h"
#include "pictures/heat_panels.h"
#include "pictures/heatmap.h"
#include "support/golden.h"
#include "support/sample_story.h"

namespace xsweep {
namespace {

/// XSWEEP_GALLERY=DIR writes the pictures where people who change them can look at them.
void Show(const std::string& name, const Canvas& canvas) {
  const char* gallery = std::getenv("XSWEEP_GALLERY");
  if (gallery == nullptr) return;
  const auto png = RenderPngs({{name, canvas}});
  ASSERT_TRUE(png.has_value()) << png.error().Text();
  EXPECT_TRUE(WriteAtomically(RealDisk(), fmt::format("{}/{}.png", gallery, name), png->front()).has_value());
}

TEST(Heatmap, HasAPanelForEveryPairOfAxes) {
  Sample sample = GridSample(12, 2);
  for (CellRecord& cell : sample.cells)
    cell.axes.emplace_back("agent.competence", cell.id.size() % 2 == 0 ? "high" : "low");
  for (CellRecord& cell : sample.cells) cell.id += ",agent.competence=" + cell.axes.back().second.AsString();
  const SampleRun run = MakeRun(sample);
  EXPECT_EQ(HeatPanels(run.aggregate).size(), 3U);
  Show("heatmap_3axes", *HeatmapPlot(run.manifest, run.aggregate));
}

TEST(Heatmap, IsNotDrawnForOneAxis) {
  const SampleRun run = MakeRun(GridSample(4, 1));
  EXPECT_FALSE(HeatmapPlot(run.manifest, run.aggregate).has_value());
}

TEST(Heatmap, HatchesCellsWhosePayloadWasNeverSeen) {
  Sample sample = GridSample(8, 2);
  const auto usual = sample.shape;
  sample.shape = [=](const CellRecord& cell, Trial& trial) {
    usual(cell, trial);
    if (cell.defense == "spotlight") trial.outcome = Outcome::kNotExposed, trial.exposed = false;
  };
  const SampleRun run = MakeRun(sample);
  const Canvas canvas = *HeatmapPlot(run.manifest, run.aggregate);
  EXPECT_NE(canvas.Svg().find(">0/24 saw it<"), std::string::npos);
  ExpectGolden("heatmap.svg", canvas.Svg());
  Show("heatmap_2x4", canvas);
}

TEST(Heatmap, FitsFortyCells) {
  const SampleRun run = MakeRun(GridSample(40, 1));
  Show("heatmap_10x4", *HeatmapPlot(run.manifest, run.aggregate));
}

Sample MatrixSample() {
  Sample sample;
  for (const std::string defense : {"none", "refund_limit", "block_everything"}) {
    for (const std::string attack : {"static", "escalating_dialogue", "record_injection"}) {
      sample.cells.push_back(GridCell({{"attack.name", attack}, {"defense.name", defense}}, attack, defense));
    }
  }
  sample.shape = [](const CellRecord& cell, Trial& trial) {
    const double strength = cell.attack == "static" ? 0.2 : 0.7;
    ShapeByRate(cell.defense == "none" ? strength : cell.defense == "refund_limit" ? strength / 3 : 0, cell, trial);
    if (cell.defense == "block_everything" && trial.task_success) trial.task_success = false;
  };
  return sample;
}

TEST(AttackDefenseMatrix, ShowsTheWorstAttackAndWhatADefenseCosts) {
  const SampleRun run = MakeRun(MatrixSample());
  const AttackDefense matrix = *MakeAttackDefense(run.aggregate);
  EXPECT_NE(matrix.verdicts[0].worst_attack, "static");
  EXPECT_EQ(matrix.verdicts[2].worst_rate, 0.0);
  EXPECT_EQ(matrix.verdicts[2].task_success, 0.0);
  ExpectGolden("attack_defense.md", AttackDefenseSection(run.aggregate));
  Show("attack_defense", *AttackDefensePlot(run.manifest, run.aggregate));
}

TEST(Quartiles, InterpolateBetweenOrderStatistics) {
  const auto quartiles = QuartilesOf(std::vector<double>{0.4, 0.1, 0.2, 0.3});
  EXPECT_DOUBLE_EQ(quartiles->low, 0.175);
  EXPECT_DOUBLE_EQ(quartiles->median, 0.25);
  EXPECT_DOUBLE_EQ(quartiles->high, 0.325);
  EXPECT_FALSE(QuartilesOf({}).has_value());
}

TEST(Density, StaysWithinRatesAndPeaksWhereTheyAre) {
  const std::vector<double> values{0, 0, 0, 0.1, 1};
  const auto outline = DensityOf(values);
  ASSERT_EQ(outline.size(), 65U);
  EXPECT_EQ(outline.front().at, 0);
  EXPECT_EQ(outline.back().at, 1);
  EXPECT_EQ(outline.front().density, 1);
  EXPECT_LT(outline[32].density, 0.1);
}

TEST(Density, HasNoShapeForOneValueOrEqualOnes) {
  EXPECT_TRUE(DensityOf(std::vector<double>{0.5}).empty());
  EXPECT_TRUE(DensityOf(std::vector<double>{0.5, 0.5, 0.5}).empty());
}

TEST(Distribution, ShowsTasksAndSeedsOfEveryAttackedCell) {
  for (const auto& [cells, seeds] : std::vector<std::pair<int, int>>{{1, 2}, {3, 3}, {12, 5}, {40, 8}}) {
    Sample sample = GridSample(cells, seeds);
    sample.tasks = 24;
    const SampleRun run = MakeRun(sample);
    const Canvas canvas = *DistributionPlot(run.manifest, run.aggregate);
    if (cells == 3) ExpectGolden("distribution.svg", canvas.Svg());
    Show(fmt::format("distribution_{}", cells), canvas);
  }
}

TEST(Distribution, DrawsNoShapeOfFewPointsOrCoarseRates) {
  Sample sample = GridSample(2, 2);
  sample.tasks = 12;  // too few for a violin
  const SampleRun few = MakeRun(sample);
  EXPECT_EQ(DistributionPlot(few.manifest, few.aggregate)->Svg().find("density of task rates"), std::string::npos);
  sample.tasks = 40;
  sample.trials = 1;  // two seeds with one trial each: rates are 0, 1/2 and 1
  const SampleRun coarse = MakeRun(sample);
  EXPECT_EQ(DistributionPlot(coarse.manifest, coarse.aggregate)->Svg().find("density of task rates"),
            std::string::npos);
  sample.trials = 6;
  const SampleRun fine = MakeRun(sample);
  EXPECT_NE(DistributionPlot(fine.manifest, fine.aggregate)->Svg().find("density of task rates"), std::string::npos);
}

Sample TryingSample(int cells) {
  Sample sample = GridSample(cells, 2);
  const auto usual = sample.shape;
  sample.shape = [=](const CellRecord& cell, Trial& trial) {
    usual(cell, trial);
    trial.queries = 1 + static_cast<int>(Hash64(trial.task, trial.seed + trial.trial) % 4);
    if (trial.outcome == Outcome::kAttackSucceeded) trial.success_query = trial.queries;
  };
  return sample;
}

TEST(Curves, ShowTrialsTriesAndTasksSolvedInARow) {
  for (const int cells : {1, 3, 12}) {
    const SampleRun run = MakeRun(TryingSample(cells));
    const Canvas canvas = *CurvesPlot(run.manifest, run.aggregate);
    EXPECT_NE(canvas.Svg().find("within k trials"), std::string::npos);
    EXPECT_NE(canvas.Svg().find("within k tries"), std::string::npos);
    EXPECT_NE(canvas.Svg().find("pass^k"), std::string::npos);
    EXPECT_EQ(canvas.Svg().find("Drawn are") != std::string::npos, cells == 12);
    if (cells == 3) ExpectGolden("curves.svg", canvas.Svg());
    Show(fmt::format("curves_{}", cells), canvas);
  }
}

TEST(Curves, AreNotDrawnOfSingleTrials) {
  Sample sample = GridSample(3, 1);
  sample.trials = 1;
  const SampleRun run = MakeRun(sample);
  EXPECT_FALSE(CurvesPlot(run.manifest, run.aggregate).has_value());
}

TEST(AttackDefenseMatrix, TurnsNoNameThatFitsInLines) {
  const SampleRun run = MakeRun(MatrixSample());
  const std::string svg = AttackDefensePlot(run.manifest, run.aggregate)->Svg();
  EXPECT_EQ(svg.find("rotate(-90"), std::string::npos);
  EXPECT_NE(svg.find(">escalating_dialogue<"), std::string::npos);
  EXPECT_NE(svg.find("["), std::string::npos) << "intervals";
}

TEST(Distribution, IsNotDrawnForOneTaskAndOneSeed) {
  Sample sample = GridSample(1, 1);
  sample.tasks = 1;
  const SampleRun run = MakeRun(sample);
  EXPECT_FALSE(DistributionPlot(run.manifest, run.aggregate).has_value());
}

}  // namespace
}  // namespace xsweep
