// What a run directory holds once it has been reported on.
// SPDX-License-Identifier: Apache-2.0
#include "present/run_reports.h"

#include <algorithm>

#include "support/golden.h"
#include "support/sample_story.h"

namespace xsweep {
namespace {

std::string Contents(const SampleRun& run, std::string_view name) {
  auto text = ReadFile(run.path / name);
  EXPECT_TRUE(text.has_value()) << name;
  return text ? *text : "";
}

WrittenReports Report(const SampleRun& run, const PresentOptions& options = {}) {
  const auto directory = RunDirectory::Open(RealDisk(), run.path);
  auto written = WriteRunReports(*directory, run.manifest, run.aggregate, options);
  EXPECT_TRUE(written.has_value()) << written.error().Text();
  return written ? *written : WrittenReports{};
}

TEST(RunReports, SayTheSameInTableNotesAndPicture) {
  const SampleRun run = MakeRun(GridSample(4, 3));
  const WrittenReports written = Report(run);
  EXPECT_EQ(written.warning, "");
  ExpectGolden("summary.csv", Contents(run, "summary.csv"));
  ExpectGolden("notes.md", Contents(run, "notes.md"));
  EXPECT_TRUE(Contents(run, "summary.png").starts_with("\x89PNG"));
}

// A grid may have a hundred thousand cells, of which each used to get a row: minutes of drawing for nobody.
TEST(RunReports, DrawTheFirstOfVeryManyCellsAndSaySo) {
  SampleRun run = MakeRun(GridSample(250, 1));
  Report(run);
  EXPECT_NE(Contents(run, "summary.svg").find("Drawn"), std::string::npos);
  EXPECT_GE(std::ranges::count(Contents(run, "summary.csv"), '\n'), 250);
  run = MakeRun(GridSample(200, 1));
  Report(run);
  EXPECT_EQ(Contents(run, "summary.svg").find("Drawn"), std::string::npos);
}

// The published airline runs of gpt-4o solve 42 % of 50 tasks, an agent that does nothing 38 %.
TEST(RunReports, DoubtATaskSuccessThatDoingNothingNearlyReaches) {
  const auto notes_at = [](int solved, double floor) {
    Sample sample = GridSample(1, 4);
    sample.tasks = 50;
    sample.trials = 1;
    sample.shape = [solved](const CellRecord&, Trial& trial) {
      trial.outcome = Outcome::kBenign;
      trial.task_success = trial.index / 4 % 50 < static_cast<std::uint64_t>(solved);
    };
    SampleRun run = MakeRun(sample);
    run.manifest.do_nothing_floor = floor;
    Report(run);
    return Contents(run, "notes.md");
  };
  constexpr std::string_view kCannotBeTold = "cannot be told from that of an agent that does nothing (38.0 %)";
  EXPECT_NE(notes_at(21, 0.38).find(kCannotBeTold), std::string::npos);
  EXPECT_NE(notes_at(18, 0.38).find("The agent solves no more tasks than one that does nothing"), std::string::npos);
  EXPECT_EQ(notes_at(45, 0.38).find("an agent that does nothing ("), std::string::npos);
  EXPECT_EQ(notes_at(21, 0).find("cannot be told from"), std::string::npos);
}

TEST(RunReports, RepeatARunWhereItLies) {
  SampleRun run = MakeRun(GridSample(1, 1));
  run.manifest.argv = {"xsweep", "run", "run.yaml", "--outdir", "/data/my runs"};
  Report(run);
  EXPECT_NE(Contents(run, "notes.md").find("xsweep report '/data/my runs/" + run.manifest.exp), std::string::npos);
  run.manifest.argv = {"xsweep", "run", "run.yaml", "--outdir=/elsewhere"};
  Report(run);
  EXPECT_NE(Contents(run, "notes.md").find("xsweep run /elsewhere/" + run.manifest.exp), std::string::npos);
}

TEST(RunReports, DoNotClaimThatAnImportedRunCanBeRunAgain) {
  SampleRun run = MakeRun(GridSample(1, 1));
  run.manifest.argv = {"xsweep", "import", "results", "episodes.json"};
  Report(run);
  const std::string notes = Contents(run, "notes.md");
  EXPECT_NE(notes.find("It was imported as\n\n    xsweep import results episodes.json"), std::string::npos) << notes;
  EXPECT_EQ(notes.find("xsweep run"), std::string::npos);
}

TEST(RunReports, GoOnWithoutGnuplotAndSaySo) {
  const SampleRun run = MakeRun(GridSample(1, 1));
  const WrittenReports written = Report(run, {.gnuplot = "no-such-gnuplot"});
  EXPECT_EQ(written.warning,
            "no PNG pictures, only SVG: no-such-gnuplot: gnuplot is not installed; apt-get install gnuplot-nox");
  EXPECT_FALSE(std::filesystem::exists(run.path / "summary.png"));
  EXPECT_TRUE(Contents(run, "summary.svg").ends_with("</svg>\n"));
  EXPECT_NE(Contents(run, "notes.md"), "");
}
TEST(RunReports, GoOnWhenGnuplotFails) {
  const WrittenReports written = Report(MakeRun(GridSample(1, 1)), {.gnuplot = "false"});
  EXPECT_EQ(written.warning, "no PNG pictures, only SVG: false: failed with exit code 1: ");
  const WrittenReports silent = Report(MakeRun(GridSample(1, 1)), {.gnuplot = "true"});
  EXPECT_NE(silent.warning, "");
}

TEST(RunReports, TellTheWholeStoryOnRequest) {
  const SampleRun run = MakeRun(GridSample(12, 2));
  const WrittenReports written = Report(run, {.report = true, .notebook = true});
  ExpectGolden("report.md", Contents(run, "report.md"));
  ExpectGolden("notebook.ipynb", Contents(run, "notebook.ipynb"));
  for (const std::string& name : written.files) EXPECT_NE(Contents(run, name), "") << name;
}

/// Tries to get out of everything it is shown in.
constexpr std::string_view kHostile =
    "=cmd|' /C calc'!A0 `x` | <script>alert(1)</script> ]]> ''' \"\"\" $(id) {{x}} @all \x1b[31m\n# Heading";

Sample HostileSample() {
  Sample sample = GridSample(2, 2);
  sample.cells[0].id = std::string(kHostile);
  sample.cells[0].axes = {{"attack.text", Json(kHostile)}};
  sample.cells[1].attack = std::string(kHostile);
  const auto usual = sample.shape;
  sample.shape = [=](const CellRecord& cell, Trial& trial) {
    usual(cell, trial);
    trial.task += kHostile;
    if (trial.trial == 0)
      trial.outcome = Outcome::kError, trial.error_kind = TrialError::kEpisode, trial.error_message = kHostile;
  };
  return sample;
}

TEST(HostileText, StaysInsideEveryFile) {
  const SampleRun run = MakeRun(HostileSample());
  const WrittenReports written = Report(run, {.report = true, .notebook = true});
  EXPECT_EQ(written.warning, "");
  for (const std::string& name : written.files) {
    const std::string text = Contents(run, name);
    if (name.ends_with(".png")) continue;
    if (name == "summary.csv") continue;
    EXPECT_EQ(text.find("\n# Heading"), std::string::npos) << name;
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << name;
    EXPECT_TRUE(!name.ends_with(".svg") || text.find("<script") == std::string::npos) << name;
    EXPECT_TRUE(!name.ends_with(".ipynb") || Json::Parse(text).has_value()) << name;
  }
  const std::string csv = Contents(run, "summary.csv");
  EXPECT_EQ(csv.find(",=cmd"), std::string::npos);
  EXPECT_EQ(csv.find("\"=cmd"), std::string::npos);
}

TEST(ThinRuns, GetNoConfidentSentence) {
  Sample sample = GridSample(1, 1);
  sample.tasks = 1;
  sample.trials = 1;
  sample.shape = [](const CellRecord&, Trial& trial) { trial.outcome = Outcome::kNotExposed; };
  const SampleRun run = MakeRun(sample);
  Report(run);
  const std::string notes = Contents(run, "notes.md");
  EXPECT_NE(notes.find("The payload was never seen by the agent"), std::string::npos);
  EXPECT_NE(notes.find("There is one task only"), std::string::npos);
  EXPECT_NE(notes.find("Every task was tried once with one seed"), std::string::npos);
  EXPECT_EQ(notes.find("nan"), std::string::npos);
}

TEST(RunsOfErrors, AreNeverZeroPercent) {
  Sample sample = GridSample(2, 2);
  sample.shape = [](const CellRecord&, Trial& trial) {
    trial.outcome = trial.seed == 41 ? Outcome::kError : Outcome::kSkipped;
    trial.error_kind = trial.seed == 41 ? TrialError::kEpisode : TrialError::kBudget;
    trial.error_message = "HTTP 429 | after 5 tries";
  };
  SampleRun run = MakeRun(sample);
  run.manifest.status = RunStatus::kBudget;
  run.manifest.budget = Json::MakeObject({{"stopped_by", "max_calls"}});
  Report(run, {.report = true});
  ExpectGolden("errors_notes.md", Contents(run, "notes.md"));
  const std::string csv = Contents(run, "summary.csv");
  EXPECT_NE(csv.find("SHIM,all,24,0,,abc1234"), std::string::npos) << csv;
}

TEST(EmptyRuns, AreReportedAsEmpty) {
  SampleRun run = MakeRun(GridSample(1, 1));
  run.aggregate = RunAggregate();
  const WrittenReports written = Report(run, {.report = true, .notebook = true});
  EXPECT_EQ(written.headline, "airline_escalating_v1: no trial was recorded.");
}

}  // namespace
}  // namespace xsweep
