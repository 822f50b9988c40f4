// A row of ours read at speed is the row that any JSON reader reads.
// SPDX-License-Identifier: Apache-2.0
#include "record/own_row.h"

#include <gtest/gtest.h>

#include "analyze/rows.h"

namespace xsweep {
namespace {

TEST(OwnRow, IsReadAsAnyReaderReadsIt) {
  int read = 0;
  for (std::uint32_t number = 0; number < 3000; ++number) {
    Trial trial = DrawnTrial(number);
    if (number % 7 == 0) trial.dialogue = number / 2;
    if (number % 11 == 0) trial.exposure_unknown = !trial.exposed;
    if (number % 13 == 0) trial.blocked_by = "agent";
    const std::string row = RowOf(trial);
    const auto own = ReadOwnRow(row);
    if (!own) continue;
    ++read;
    ASSERT_EQ(*own, *ParseTrialRow(row, "row")) << row;
  }
  EXPECT_GT(read, 2500) << "all but those with escapes in their strings";
}

TEST(OwnRow, LeavesToOthersWhateverLooksDifferent) {
  const std::string row = RowOf(DrawnTrial(3));
  ASSERT_TRUE(ReadOwnRow(row));
  EXPECT_FALSE(ReadOwnRow(row.substr(0, row.size() - 3)));
  EXPECT_FALSE(ReadOwnRow("{ " + row.substr(1)));
  EXPECT_FALSE(ReadOwnRow(row + row));
  EXPECT_FALSE(ReadOwnRow(""));
  for (const char* foreign : {"\"turns\":007", "\"turns\":-0", "\"turns\":1.0", "\"more\":1,\"turns\":1"}) {
    std::string other = row;
    const auto at = other.find("\"turns\":");
    other.replace(at, other.find(',', at) - at, foreign);
    EXPECT_FALSE(ReadOwnRow(other)) << other;
  }
}

}  // namespace
}  // namespace xsweep
