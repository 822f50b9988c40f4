// Run ids are readable, sortable and safe as names of directories.
// SPDX-License-Identifier: Apache-2.0
#include "record/run_id.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

WallTime At(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

TEST(RunId, NamesTimeCommitModeSeedsAndTrials) {
  EXPECT_EQ(MakeRunId(At(1795298400), "0123456789abcdef", Mode::kShim, {41, 42, 43}, 5),
            "20261121T220000Z-0123456-SHIM-s41_42_43-t5");
  EXPECT_EQ(MakeRunId(At(0), "", Mode::kReal, {7}, 1), "19700101T000000Z-nogit-REAL-s7-t1");
}

TEST(SeedsLabel, ShortensConsecutiveAndLongLists) {
  EXPECT_EQ(SeedsLabel({41, 42, 43}), "s41_42_43");
  EXPECT_EQ(SeedsLabel({1, 2, 3, 4}), "s1..4");
  EXPECT_EQ(SeedsLabel({1, 2, 3, 5}), "s1_2_3_5");
  EXPECT_EQ(SeedsLabel({3, 17, 99, 1, 2, 4, 5, 6}), "s3_17_99_1_2_4_5_6");
  EXPECT_EQ(SeedsLabel({3, 17, 99, 1, 2, 4, 5, 6, 9}), "s3_17_99_n9");
}

TEST(CheckPathName, RefusesWhatCouldLeaveTheResults) {
  for (const std::string_view bad : {"", ".", "..", ".hidden", "a/b", "../x", "a\\b", "a b", "latest", "a\n", "\xff"}) {
    EXPECT_FALSE(CheckPathName(bad, "exp")) << bad;
  }
  EXPECT_FALSE(CheckPathName(std::string(201, 'a'), "exp"));
  EXPECT_TRUE(CheckPathName("airline_v1.2-b", "exp"));
  EXPECT_TRUE(CheckPathName("20261121T222000Z-0123456-SHIM-s1..64-t5.2", "run id"));
}

}  // namespace
}  // namespace xsweep
