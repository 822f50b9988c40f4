// What compare.csv, compare.md, compare.png and gate reports say.
// SPDX-License-Identifier: Apache-2.0
#include "present/comparison.h"
#include "pictures/compare_plot.h"

#include "pictures/gnuplot.h"
#include "present/gate_report.h"
#include "support/golden.h"
#include "support/sample_story.h"

namespace xsweep {
namespace {

Sample ManyTasks(int cells, double rate) {
  Sample sample = GridSample(cells, 2);
  sample.tasks = 24;
  sample.shape = [rate](const CellRecord& cell, Trial& trial) {
    ShapeByRate(cell.defense == "none" ? rate : 0.2, cell, trial);
  };
  return sample;
}

RunComparison Compare(const SampleRun& a, const SampleRun& b) {
  auto comparison = CompareRuns(a.path.string(), b.path.string());
  EXPECT_TRUE(comparison.has_value()) << comparison.error().Text();
  return std::move(*comparison);
}

TEST(Comparison, SaysWhichCellsGotWorse) {
  const RunComparison comparison = Compare(MakeRun(ManyTasks(3, 0.2)), MakeRun(ManyTasks(3, 0.7)));
  EXPECT_EQ(CompareHeadline(comparison),
            "On attack success B is better in 0, worse in 1 and not distinguishable in 2 of 3 cells.");
  ExpectGolden("compare.csv", CompareCsv(comparison));
  ExpectGolden("compare.md", CompareMarkdown(comparison));
  ExpectGolden("compare.svg", ComparePlot(comparison, PairingSentences(comparison, &CellComparison::asr))->Svg());
}

TEST(Comparison, IsWrittenWithoutGnuplotAsWell) {
  const RunComparison comparison = Compare(MakeRun(ManyTasks(1, 0.2)), MakeRun(ManyTasks(1, 0.7)));
  const auto directory = std::filesystem::path(testing::TempDir()) / fmt::format("compare_{}", getpid());
  EXPECT_EQ(*WriteComparison(RealDisk(), directory, comparison, "no-such-gnuplot"),
            "no compare.png, only SVG: no-such-gnuplot: gnuplot is not installed; apt-get install gnuplot-nox");
  EXPECT_FALSE(std::filesystem::exists(directory / "compare.png"));
  EXPECT_EQ(*WriteComparison(RealDisk(), directory, comparison), "");
  EXPECT_TRUE(ReadFile(directory / "compare.png")->starts_with("\x89PNG"));
}

TEST(Comparison, OfOtherDataHasNoNumbers) {
  Sample other = ManyTasks(2, 0.7);
  SampleRun b = MakeRun(other);
  const auto directory = RunDirectory::Open(RealDisk(), b.path);
  b.manifest.environment_name = "retail";
  ASSERT_TRUE(directory->WriteManifest(b.manifest).has_value());
  const RunComparison comparison = Compare(MakeRun(ManyTasks(2, 0.2)), b);
  EXPECT_EQ(CompareHeadline(comparison), "The two runs cannot be compared.");
  EXPECT_FALSE(ComparePlot(comparison, PairingSentences(comparison, &CellComparison::asr)).has_value());
  EXPECT_NE(CompareMarkdown(comparison).find("## Why the runs cannot be compared"), std::string::npos);
}

TEST(Comparison, FitsOneToFortyCells) {
  const char* gallery = std::getenv("XSWEEP_GALLERY");
  for (const int cells : {1, 3, 12, 40}) {
    const RunComparison comparison = Compare(MakeRun(ManyTasks(cells, 0.2)), MakeRun(ManyTasks(cells, 0.7)));
    const Canvas canvas = *ComparePlot(comparison, PairingSentences(comparison, &CellComparison::asr));
    EXPECT_LT(canvas.height(), 220 + 44.0 * cells);
    if (gallery == nullptr) continue;
    const auto png = RenderPngs({{"compare", canvas}});
    ASSERT_TRUE(png.has_value()) << png.error().Text();
    EXPECT_TRUE(
        WriteAtomically(RealDisk(), fmt::format("{}/compare_{}.png", gallery, cells), png->front()).has_value());
  }
}

TEST(Contrasts, AreATableWithRawAndAdjustedP) {
  const SampleRun run = MakeRun(ManyTasks(4, 0.7));
  ExpectGolden("contrasts.md", ContrastSection(run.manifest, ContrastWithControls(run.aggregate)));
}

class GateReports : public testing::Test {
 protected:
  GateReport Report(const std::vector<std::string>& texts) {
    std::vector<Gate> gates;
    for (const std::string& text : texts) gates.push_back(*ParseGate(text));
    return EvaluateGates(gates, run_.aggregate, {run_.manifest.max_error_rate, {}, {}, {}});
  }
  SampleRun run_ = MakeRun(ManyTasks(2, 0.7));
};

TEST_F(GateReports, SayTheSameToPeopleAndMachines) {
  const GateReport report = Report({"asr.upper95 < 0.10", "task_success.lower95 > 0.60", "error_rate < 0.50"});
  ExpectGolden("gates.md", JobSummary(run_.manifest, report, "A headline."));
  ExpectGolden("gates.xml", JUnitXml(run_.manifest, report));
  ExpectGolden("gates.txt", GateLine(run_.manifest, report) + "\n" +
                                GateLine(run_.manifest, Report({"error_rate < 0.5"})) + "\n" +
                                GateLine(run_.manifest, Report({})) + "\n");
}

}  // namespace
}  // namespace xsweep
