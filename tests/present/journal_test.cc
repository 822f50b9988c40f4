// What the journal and the history keep of runs.
// SPDX-License-Identifier: Apache-2.0
#include "present/journal.h"

#include "pictures/gnuplot.h"
#include "pictures/history.h"
#include "support/golden.h"
#include "support/sample_story.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

class Journal : public testing::Test {
 protected:
  fs::path Write() {
    const auto page = WriteJournalEntry(RealDisk(), folder_, {run_.manifest, run_.aggregate, {}, ""}, "results/x/y");
    EXPECT_TRUE(page.has_value()) << page.error().Text();
    return page ? *page : fs::path();
  }
  SampleRun run_ = MakeRun(GridSample(4, 3));
  fs::path folder_ = fs::path(testing::TempDir()) / fmt::format("journal_{}_{}", getpid(), run_.path.string().size()) /
                     testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(Journal, HasADatedPagePerRunAndAnIndexNewestFirst) {
  EXPECT_EQ(Write().filename(), "2026-01-02-airline_escalating_v1-20260102T030405Z-abc1234-SHIM-s41_42_43-t3.md");
  run_.manifest.timestamp_utc = "2026-02-03T00:00:00Z";
  run_.manifest.run_id = "20260203T000000Z-abc1234-SHIM-s41_42_43-t3";
  ExpectGolden("journal_page.md", *ReadFile(Write()));
  ExpectGolden("journal_index.md", *ReadFile(folder_ / "README.md"));
}

TEST_F(Journal, TwiceIsTheSameAsOnce) {
  const fs::path page = Write();
  const std::string once = *ReadFile(page) + *ReadFile(folder_ / "README.md");
  Write();
  EXPECT_EQ(*ReadFile(page) + *ReadFile(folder_ / "README.md"), once);
}

TEST_F(Journal, KeepsWhatPeopleWroteUnderRemarks) {
  const fs::path page = Write();
  ASSERT_TRUE(WriteAtomically(RealDisk(), page, *ReadFile(page) + "We saw this before.\n").has_value());
  Write();
  EXPECT_TRUE(ReadFile(page)->ends_with("## Remarks\n\nWe saw this before.\n"));
}

std::vector<IndexEntry> Runs(int count) {
  std::vector<IndexEntry> runs;
  for (int i = 0; i < count; ++i) {
    const double rate = 0.5 - 0.3 * i / count + 0.05 * (i % 3);
    IndexEntry run;
    run.values = {{"run_id", fmt::format("run{}", i)},
                  {"timestamp_utc", fmt::format("2026-01-{:02}T03:04:05Z", 1 + i % 28)},
                  {"git_sha", fmt::format("{:07x}0000", 0xabc1234 + i / 2)},
                  {"mode", "SHIM"},
                  {"asr", i == 1 ? "" : fmt::format("{:.4f}", rate)},
                  {"asr_lower95", i == 1 ? "" : fmt::format("{:.4f}", rate - 0.1)},
                  {"asr_upper95", i == 1 ? "" : fmt::format("{:.4f}", rate + 0.1)},
                  {"errors", "0"},
                  {"status", "completed"},
                  {"verdict", i % 4 == 0 ? "FAIL" : "PASS"}};
    runs.push_back(run);
  }
  return runs;
}

TEST(History, ShowsRunsInTheirOrder) {
  ExpectGolden("history.svg", HistoryPlot("airline_escalating_v1", Runs(5))->Svg());
  ExpectGolden("history.md", HistoryMarkdown("airline_escalating_v1", Runs(5)));
  EXPECT_FALSE(HistoryPlot("airline_escalating_v1", {}).has_value());
  const char* gallery = std::getenv("XSWEEP_GALLERY");
  for (const int runs : {1, 5, 40, 200}) {
    if (gallery == nullptr) break;
    const auto png = RenderPngs({{"history", *HistoryPlot("airline_escalating_v1", Runs(runs))}});
    EXPECT_TRUE(WriteAtomically(RealDisk(), fmt::format("{}/history_{}.png", gallery, runs), png->front()).has_value());
  }
}

}  // namespace
}  // namespace xsweep
