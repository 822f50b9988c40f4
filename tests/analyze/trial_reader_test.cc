// The fast scanner and the general reader agree, and broken files give findings instead of crashes.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/trial_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "analyze/aggregate.h"
#include "analyze/rows.h"
#include "base/json.h"

namespace xsweep {
namespace {

std::string Padded(std::string text) { return text + std::string(kScanPadding, '\0'); }

void ExpectSame(const TrialRow& a, const TrialRow& b, const std::string& row) {
  EXPECT_EQ(a.index, b.index) << row;
  EXPECT_EQ(a.cell, b.cell) << row;
  EXPECT_EQ(a.task, b.task) << row;
  EXPECT_EQ(a.task_hash, b.task_hash) << row;
  EXPECT_EQ(a.seed, b.seed) << row;
  EXPECT_EQ(a.trial, b.trial) << row;
  EXPECT_TRUE(a.counts == b.counts) << row;
}

TEST(FastScanner, ReadsOwnRowsAsTheGeneralReaderDoes) {
  int fast = 0;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const std::string text = RowOf(DrawnTrial(i));
    const std::string padded = Padded(text);
    Trial storage;
    const auto general = ParseAnyTrialRow(text.substr(0, text.size() - 1), storage);
    ASSERT_TRUE(general) << text;
    TrialRow row;
    const char* next = ScanTrialRow(padded.data(), row);
    if (next == nullptr) continue;
    ++fast;
    EXPECT_EQ(next, padded.data() + text.size());
    ExpectSame(row, *general, text);
  }
  EXPECT_GT(fast, 1700);  // all but the errors with an escape in their message
}

TEST(FastScanner, AcceptsNoDamagedRowThatTheGeneralReaderReadsDifferently) {
  constexpr std::string_view kBytes = "\"\\{}[],:0123456789eE.-+ntrufals \x01\x80\n";
  for (std::uint32_t i = 0; i < 4000; ++i) {
    std::string text = RowOf(DrawnTrial(i));
    const Draws draws(5, "damage", i);
    const auto at = static_cast<std::size_t>(draws.Integer("at", 0, 0, static_cast<std::int64_t>(text.size()) - 1));
    const char byte = kBytes[static_cast<std::size_t>(draws.Integer("byte", 0, 0, kBytes.size() - 1))];
    switch (draws.Integer("how", 0, 0, 2)) {
      case 0: text[at] = byte; break;
      case 1: text.insert(at, 1, byte); break;
      default: text.erase(at, 1);
    }
    const std::string padded = Padded(text);
    TrialRow row;
    const char* next = ScanTrialRow(padded.data(), row);
    if (next == nullptr) continue;
    Trial storage;
    const std::string line(padded.data(), static_cast<std::size_t>(next - padded.data()) - 1);
    const auto general = ParseAnyTrialRow(line, storage);
    ASSERT_TRUE(general) << line;
    ExpectSame(row, *general, line);
  }
}

class FileOfRows : public ::testing::Test {
 protected:
  static std::string Rows(std::uint32_t count) {
    std::string text;
    for (std::uint32_t i = 0; i < count; ++i) AppendTrialRow(DrawnTrial(i), text);
    return text;
  }
  RunAggregate Read(const std::string& text, ReadOptions options = {}) {
    const auto run = AggregateRows(directory_.Write("trials.jsonl", text), options);
    EXPECT_TRUE(run) << run.error().Text();
    return *run;
  }
  static void ExpectSameCells(const RunAggregate& a, const RunAggregate& b) {
    EXPECT_TRUE(a.total == b.total);
    ASSERT_EQ(a.cells.size(), b.cells.size());
    for (std::size_t i = 0; i < a.cells.size(); ++i) {
      EXPECT_EQ(a.cells[i].id, b.cells[i].id);
      EXPECT_TRUE(a.cells[i].tally == b.cells[i].tally);
      ASSERT_EQ(a.cells[i].tasks.size(), b.cells[i].tasks.size());
      for (std::size_t t = 0; t < a.cells[i].tasks.size(); ++t) {
        EXPECT_EQ(a.cells[i].tasks[t].task, b.cells[i].tasks[t].task);
        EXPECT_TRUE(a.cells[i].tasks[t].tally == b.cells[i].tasks[t].tally);
      }
    }
  }
  TemporaryDirectory directory_;
};

TEST_F(FileOfRows, GivesTheSameForAnyWindowThreadsAndReader) {
  const std::string text = Rows(6000);  // about 4 MB: four threads have work
  const RunAggregate one = Read(text, {.threads = 1});
  EXPECT_EQ(one.rows, 6000);
  EXPECT_TRUE(one.findings.empty());
  ExpectSameCells(one, Read(text, {.threads = 4}));
  ExpectSameCells(one, Read(text, {.threads = 3, .window_bytes = 4096}));
  ExpectSameCells(one, Read(text, {.threads = 1, .general_path_only = true}));
}

TEST_F(FileOfRows, ReadsRowsWithReorderedKeysAndUnknownOnes) {
  std::string shuffled;
  for (std::uint32_t i = 0; i < 300; ++i) {
    Json row = *Json::Parse(RowOf(DrawnTrial(i)));
    std::vector<Json::Member> members = row.members();
    std::ranges::reverse(members);
    members.emplace_back("later", Json(i));
    shuffled += Json::MakeObject(members).Dump() + "\n";
  }
  ExpectSameCells(Read(Rows(300)), Read(shuffled));
}

TEST_F(FileOfRows, SaysThatTheLastLineIsTorn) {
  const std::string text = Rows(10);
  const RunAggregate run = Read(text.substr(0, text.size() - 40));
  EXPECT_EQ(run.rows, 9);
  ASSERT_EQ(run.findings.size(), 1U);
  EXPECT_EQ(run.findings[0].problem, RowProblem::kTornLine);
  EXPECT_EQ(run.findings[0].first_line, 10);
}

TEST_F(FileOfRows, LosesOnlyTheLineThatIsCutWhereverItIsCut) {
  const std::string text = Rows(3);
  for (std::size_t cut = 0; cut < text.size(); cut += 7) {
    const std::string kept = text.substr(0, cut);
    EXPECT_EQ(Read(kept).rows, std::ranges::count(kept, '\n')) << cut;
  }
}

TEST_F(FileOfRows, CountsADuplicatedTrialOnceAcrossThreadsToo) {
  std::string text = Rows(6000);
  AppendTrialRow(DrawnTrial(3), text);
  for (const int threads : {1, 2, 4}) {
    const RunAggregate run = Read(text, {.threads = threads});
    EXPECT_EQ(run.rows, 6000);
    ASSERT_EQ(run.findings.size(), 1U);
    EXPECT_EQ(run.findings[0].problem, RowProblem::kDuplicate);
    EXPECT_EQ(run.findings[0].first_line, 6001);
  }
}

TEST_F(FileOfRows, NamesUnknownOutcomesMalformedLinesAndOldRows) {
  std::string text = Rows(2);
  text += R"({"index":7,"cell":"base","task":"t","seed":1,"trial":0,"outcome":"attack_abandoned"})"
          "\n";
  text += "not json\n";
  text += R"({"index":8,"cell":"base","task":"t","seed":1,"trial":0,"outcome":"attack_resisted"})"
          "\n";
  const RunAggregate run = Read(text);
  EXPECT_EQ(run.rows, 3);
  ASSERT_EQ(run.findings.size(), 3U);
  EXPECT_EQ(run.findings[0].problem, RowProblem::kMalformed);
  EXPECT_EQ(run.findings[0].first_line, 4);
  EXPECT_EQ(run.findings[1].problem, RowProblem::kUnknownOutcome);
  EXPECT_EQ(run.findings[2].problem, RowProblem::kOldSchema);
  EXPECT_NE(run.findings[1].message.find("trials.jsonl:3: "), std::string::npos);
  EXPECT_EQ(run.FindCell("base")->tally.attacked(), 1);
}

TEST_F(FileOfRows, ReadsALineLongerThanItsWindow) {
  Trial trial = DrawnTrial(0);
  trial.outcome = Outcome::kError;
  trial.error_kind = TrialError::kEpisode;
  trial.error_message = std::string(100000, 'x');
  const RunAggregate run = Read(RowOf(trial) + RowOf(DrawnTrial(1)), {.threads = 1, .window_bytes = 4096});
  EXPECT_EQ(run.rows, 2);
}

TEST_F(FileOfRows, MayBeEmptyOrMissing) {
  const RunAggregate run = Read("");
  EXPECT_EQ(run.rows, 0);
  EXPECT_TRUE(run.cells.empty());
  const auto missing = AggregateRows((directory_.path() / "nothing.jsonl").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kWorld);
}

}  // namespace
}  // namespace xsweep
