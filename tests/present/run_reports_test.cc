// What a run directory holds once it has been reported on.
// SPDX-License-Identifier: Apache-2.0
#include "present/run_reports.h"

#include "present/golden.h"
#include "present/sample_run.h"

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

TEST(RunReports, GoOnWithoutGnuplotAndSaySo) {
  const SampleRun run = MakeRun(GridSample(1, 1));
  const WrittenReports written = Report(run, {.gnuplot = "no-such-gnuplot"});
  EXPECT_EQ(written.warning,
            "no PNG pictures, only SVG: no-such-gnuplot: gnuplot is not installed; apt-get install gnuplot-nox");
  EXPECT_FALSE(std::filesystem::exists(run.path / "summary.png"));
  EXPECT_TRUE(Contents(run, "summary.svg").ends_with("</svg>\n"));
  EXPECT_NE(Contents(run, "notes.md"), "");
}

}  // namespace
}  // namespace xsweep
