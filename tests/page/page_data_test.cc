// What the page reads agrees with the rows and aggregates of a run.
// SPDX-License-Identifier: Apache-2.0
#include "page/page_data.h"
#include "page/page_cells.h"
#include "page/page_comparison.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "analyze/comparison/grid.h"
#include "base/files.h"
#include "page/run_list.h"
#include "record/logs/layout.h"
#include "record/logs/trial.h"
#include "support/sample_run.h"

namespace xsweep {
namespace {

using testing::MakeSampleRun;
using testing::SampleRun;
using testing::ScratchDirectory;

class RunOnThePage : public ::testing::Test {
 protected:
  void SetUp() override {
    SampleRun sample;
    const auto made = MakeSampleRun(scratch_.path(), sample);
    ASSERT_TRUE(made) << made.error().Text();
    run_ = *made;
  }
  ScratchDirectory scratch_{"page_data"};
  std::filesystem::path run_;
};

TEST_F(RunOnThePage, CarriesTheAggregatesToTheLastDigit) {
  const auto page = RunForPage(scratch_.path(), run_);
  const auto aggregate = AggregateRun(run_.string());
  ASSERT_TRUE(page && aggregate);
  const auto read = Json::Parse(page->Dump());
  ASSERT_TRUE(read);
  const auto& cells = read->Find("cells")->items();
  ASSERT_EQ(cells.size(), aggregate->cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Json& asr = *cells[i].Find("asr");
    const Rate& rate = aggregate->cells[i].asr;
    EXPECT_EQ(asr.IntOr("n", -1), rate.n);
    if (rate.n == 0) {
      EXPECT_TRUE(asr.Find("value")->is_null()) << "N/A became a number in " << aggregate->cells[i].id;
      continue;
    }
    EXPECT_EQ(asr.Find("value")->AsDouble(), *rate.value());
    EXPECT_EQ(asr.Find("low")->AsDouble(), rate.bounds95()->low);
    EXPECT_EQ(asr.Find("high")->AsDouble(), rate.bounds95()->high);
  }
}

TEST_F(RunOnThePage, CountsRepliesThatWereNoAnswersByRoleAndKind) {
  EXPECT_EQ(RunForPage(scratch_.path(), run_)->Find("unanswered")->size(), 0U);
  const auto path = run_ / layout::kRows;
  const auto text = ReadFile(path);
  ASSERT_TRUE(text);
  std::string rows;
  int number = 0;
  for (std::string_view rest = *text; !rest.empty(); ++number) {
    auto trial = ParseTrialRow(rest.substr(0, rest.find('\n')), "");
    ASSERT_TRUE(trial);
    if (number < 2) trial->unanswered = {{"length", 2}, {"judge.refused", 1}};
    AppendTrialRow(*trial, rows);
    rest.remove_prefix(rest.find('\n') + 1);
  }
  ASSERT_TRUE(WriteAtomically(RealDisk(), path, rows));
  const auto page = RunForPage(scratch_.path(), run_);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->Find("unanswered")->Dump(),
            R"([["judge","refused","refused",2],["agent","length","cut off by length",4]])");
}

TEST_F(RunOnThePage, SaysItsHeadlineWithIntervalAndErrors) {
  const auto aggregate = AggregateRun(run_.string());
  ASSERT_TRUE(aggregate);
  const std::string words = HeadlineOf(*aggregate);
  EXPECT_NE(words.find("95 % interval"), std::string::npos) << words;
  EXPECT_NE(words.find("in an error"), std::string::npos) << words;
}

TEST_F(RunOnThePage, SetsAttacksAgainstDefensesAsThePictureDoes) {
  const auto page = RunForPage(scratch_.path(), run_);
  const auto aggregate = AggregateRun(run_.string());
  ASSERT_TRUE(page && aggregate);
  const DefenseMatrix picture = MakeDefenseMatrix(*aggregate);
  const Json& matrix = *page->Find("matrix");
  ASSERT_EQ(matrix.Find("rows")->size(), picture.defenses.size());
  for (std::size_t i = 0; i < picture.defenses.size(); ++i) {
    const Json& row = matrix.Find("rows")->items()[i];
    EXPECT_EQ(row.StringOr("defense", ""), picture.defenses[i]);
    for (std::size_t j = 0; j < picture.attacks.size(); ++j) {
      const auto& square = picture.squares[i][j];
      const Json& shown = row.Find("squares")->items()[j];
      ASSERT_EQ(shown.is_null(), !square.has_value());
      if (!square) continue;
      EXPECT_EQ(shown.Find("asr")->Dump(), RateForPage(square->asr).Dump());
      EXPECT_EQ(shown.StringOr("cell", ""), square->cell);
    }
  }
}

TEST_F(RunOnThePage, PutsEveryRowIntoAColumnAndEveryDialogueIntoAPack) {
  const auto rows = PageRows::Open(run_);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows(), 7U * 12 * 3 * 2);
  const auto chunk = rows->Chunk(0);
  ASSERT_TRUE(chunk);
  const auto json = Json::Parse(*chunk);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->IntOr("rows", 0), 504);
  EXPECT_EQ(json->Find("columns")->IntOr("kept", 0), 1) << "every dialogue was kept, so the column is one number";
  EXPECT_EQ(json->Find("dict")->Find("cell")->size(), 7U);
  const auto pack = rows->Pack(503 / kPackTrials);
  ASSERT_TRUE(pack);
  EXPECT_NE(Json::Parse(*pack)->Find("transcripts")->Find("503"), nullptr);
  EXPECT_FALSE(rows->Chunk(1));
}

TEST_F(RunOnThePage, IsListedWithItsPath) {
  const auto runs = RunsForPage(scratch_.path());
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->Find("rows")->size(), 1U);
  const auto columns = runs->Find("columns")->items();
  const auto path = std::ranges::find(columns, "path", [](const Json& column) { return column.AsString(); });
  ASSERT_NE(path, columns.end());
  EXPECT_EQ(runs->Find("rows")->items()[0].items()[static_cast<std::size_t>(path - columns.begin())].AsString(),
            "airline_escalating_v1/" + run_.filename().string());
}

TEST_F(RunOnThePage, NamesThePreviousRunAndComparesWithIt) {
  SampleRun later;
  later.run_id = "20261102T101500Z-abcdef2-SHIM-s41_42_43-t2";
  later.susceptibility = 0.9;
  const auto made = MakeSampleRun(scratch_.path(), later);
  ASSERT_TRUE(made) << made.error().Text();
  const auto page = RunForPage(scratch_.path(), *made);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->Find("previous")->StringOr("path", ""), "airline_escalating_v1/" + run_.filename().string());
  const auto comparison = ComparisonForPage(run_, *made);
  ASSERT_TRUE(comparison) << comparison.error().Text();
  const Json& undefended = comparison->Find("cells")->items()[0];
  EXPECT_EQ(undefended.StringOr("verdict", ""), "worse") << undefended.Dump();
}

TEST(RunUnderWay, IsShownFromItsShards) {
  const ScratchDirectory scratch("page_running");
  SampleRun sample;
  sample.sealed = false;
  sample.recorded = 0.5;
  const auto run = MakeSampleRun(scratch.path(), sample);
  ASSERT_TRUE(run) << run.error().Text();
  const auto page = RunForPage(scratch.path(), *run);
  ASSERT_TRUE(page) << page.error().Text();
  EXPECT_EQ(page->IntOr("rows", 0), 252);
  EXPECT_EQ(RunsForPage(scratch.path())->Find("rows")->size(), 1U);
}

TEST(JsonInHtml, LeavesNothingThatEndsAScriptBlock) {
  EXPECT_EQ(JsonInHtml("{\"a\":\"</script><!--\"}"), "{\"a\":\"\\u003c/script>\\u003c!--\"}");
  EXPECT_EQ(JsonInHtml("\"\xE2\x80\xA8\""), "\"\\u2028\"");
}

}  // namespace
}  // namespace xsweep
