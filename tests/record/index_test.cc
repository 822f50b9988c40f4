// The index of runs: whole lines from many writers, repaired after a kill, safe in a spreadsheet.
// SPDX-License-Identifier: Apache-2.0
#include "record/index.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "support/temp_dir.h"

namespace xsweep {
namespace {

IndexEntry Entry(const std::string& id) {
  IndexEntry entry;
  entry.values = {{"run_id", id}, {"exp", "e"}, {"path", "e/" + id}, {"status", "completed"}};
  return entry;
}

TEST(Index, HoldsOneWholeLinePerProcessWhenManyAppendAtOnce) {
  const TempDir dir;
  constexpr int kProcesses = 64;
  for (int i = 0; i < kProcesses; ++i) {
    if (::fork() == 0) ::_exit(AppendToIndex(RealDisk(), dir / "index.csv", Entry("run" + std::to_string(i))) ? 0 : 1);
  }
  for (int i = 0, status = 0; i < kProcesses; ++i) {
    ASSERT_GT(::wait(&status), 0);
    EXPECT_EQ(status, 0);
  }
  std::size_t damaged = 0;
  const auto entries = ReadIndex(dir / "index.csv", &damaged);
  ASSERT_TRUE(entries);
  std::set<std::string> ids;
  for (const IndexEntry& entry : *entries) ids.insert(entry["run_id"]);
  EXPECT_EQ(ids.size(), kProcesses);
  EXPECT_EQ(damaged, 0U);
}

TEST(Index, GoesOnAfterALineThatAKillCut) {
  const TempDir dir;
  ASSERT_TRUE(AppendToIndex(RealDisk(), dir / "index.csv", Entry("a")));
  const std::string whole = *ReadFile(dir / "index.csv");
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "index.csv", whole + "b,e"));
  ASSERT_TRUE(AppendToIndex(RealDisk(), dir / "index.csv", Entry("c")));
  std::size_t damaged = 0;
  const auto entries = ReadIndex(dir / "index.csv", &damaged);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[1]["run_id"], "c");
  EXPECT_EQ(damaged, 1U);
}

TEST(Index, AddsAFinishedRunOnce) {
  const TempDir dir;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(AppendToIndex(RealDisk(), dir / "index.csv", Entry("a")));
  EXPECT_EQ(ReadIndex(dir / "index.csv")->size(), 1U);
  EXPECT_EQ(ReadFile(dir / "index.csv")->find("a,e"), ReadFile(dir / "index.csv")->rfind("a,e"));
}

TEST(Index, IsReadAndGoneOnWithAsASpreadsheetSavesIt) {
  const TempDir dir;
  IndexEntry first = Entry("a");
  first.values["open_gates"] = "asr.upper95 < 0.1";
  ASSERT_TRUE(AppendToIndex(RealDisk(), dir / "index.csv", first));
  const std::string written = *ReadFile(dir / "index.csv");
  std::string saved = "\xEF\xBB\xBF";
  for (const char c : written) saved.append(c == '\n' ? "\r\n" : std::string(1, c));
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "index.csv", saved));
  const Status added = AppendToIndex(RealDisk(), dir / "index.csv", Entry("b"));
  ASSERT_TRUE(added) << added.error().Text();
  const auto entries = ReadIndex(dir / "index.csv");
  ASSERT_TRUE(entries) << entries.error().Text();
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0]["open_gates"], "asr.upper95 < 0.1");
  for (const auto& [column, value] : (*entries)[0].values) EXPECT_EQ(value.find('\r'), std::string::npos) << column;
}

TEST(CsvField, KeepsFormulasAndQuotesInert) {
  EXPECT_EQ(CsvField("=1+1"), "'=1+1");
  EXPECT_EQ(CsvField("-0.5"), "-0.5");
  EXPECT_EQ(CsvField("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
  EXPECT_EQ(SplitCsvLine("a,\"b \"\"x\"\", c\",\"\""), (std::vector<std::string>{"a", "b \"x\", c", ""}));
  EXPECT_TRUE(SplitCsvLine("a,\"b").empty());
}

}  // namespace
}  // namespace xsweep
