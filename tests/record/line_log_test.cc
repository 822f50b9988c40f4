// What a log of compressed lines keeps: every line that was appended, wherever the file is cut, damaged or gone on
// with.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/line_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

std::string Line(std::size_t n) {
  return "{\"n\":" + std::to_string(n) + ",\"text\":\"" + std::string(n % 7, 'x') + " the policy that all share\"}";
}

std::vector<std::string> LinesOf(const LineFile& file) {
  std::vector<std::string> lines;
  EXPECT_TRUE(file.ForEachLine([&](std::string_view line, const LineFile::Place& place) -> Status {
    lines.emplace_back(line);
    const auto again = file.LineAt(place);
    EXPECT_TRUE(again && *again == line);
    return {};
  }));
  return lines;
}
std::vector<std::string> LinesOf(const fs::path& path) { return LinesOf(*LineFile::Open(path)); }

std::vector<std::string> Lines(std::size_t count) {
  std::vector<std::string> lines;
  for (std::size_t n = 0; n < count; ++n) lines.push_back(Line(n));
  return lines;
}

class ALogOfLines : public ::testing::Test {
 protected:
  /// Appends lines up to `end`, with or without an end of the log.
  void Write(std::size_t begin, std::size_t end, bool finish) {
    const auto log = LineLog::Open(RealDisk(), path_);
    ASSERT_TRUE(log) << log.error().Text();
    for (std::size_t n = begin; n < end; ++n) ASSERT_TRUE((*log)->Append(Line(n) + "\n"));
    if (finish) {
      ASSERT_TRUE((*log)->Finish());
    }
  }
  void Cut(std::string_view whole, std::size_t size) const {
    std::ofstream(path_, std::ios::binary) << whole.substr(0, size);
  }
  const TempDir dir_;
  const fs::path path_ = dir_ / "0.exchanges.zst";
};

TEST_F(ALogOfLines, IsReadWhileItIsWrittenAndAfterwards) {
  Write(0, 5, false);
  EXPECT_EQ(LinesOf(path_), Lines(5));
  Write(5, 9, true);
  EXPECT_EQ(LinesOf(path_), Lines(9));
  Write(9, 12, true);
  EXPECT_EQ(LinesOf(path_), Lines(12));
}

TEST_F(ALogOfLines, IsSmallAndOfManyFrames) {
  constexpr std::size_t kMany = 40'000;
  Write(0, kMany, true);
  EXPECT_LT(fs::file_size(path_), kMany * 25);
  std::uint64_t frames = 0;
  std::uint64_t last = UINT64_MAX;
  std::size_t n = 0;
  const auto file = LineFile::Open(path_);
  ASSERT_TRUE(file->ForEachLine([&](std::string_view line, const LineFile::Place& place) -> Status {
    if (line != Line(n++)) return InternalError("another line");
    if (place.frame != last) ++frames, last = place.frame;
    return {};
  }));
  EXPECT_EQ(n, kMany);
  EXPECT_GE(frames, 2U);
}

TEST_F(ALogOfLines, PrintsThemWithTheUsualProgram) {
  Write(0, 1000, true);
  const fs::path text = dir_ / "text";
  if (std::system("command -v zstd >/dev/null") != 0) GTEST_SKIP() << "the program zstd is not installed";
  ASSERT_EQ(std::system(("zstd -dcq " + path_.string() + " > " + text.string()).c_str()), 0);
  std::string expected;
  for (const std::string& line : Lines(1000)) expected += line + "\n";
  EXPECT_EQ(*ReadFile(text), expected);
}

TEST_F(ALogOfLines, CutAnywhereHasAllLinesBeforeTheCutAndGoesOn) {
  std::vector<std::size_t> sizes = {0};  // of the file after so many lines
  {
    const auto log = *LineLog::Open(RealDisk(), path_);
    for (std::size_t n = 0; n < 6; ++n) {
      ASSERT_TRUE(log->Append(Line(n) + "\n"));
      sizes.push_back(fs::file_size(path_));
    }
  }
  const std::string whole = *ReadFile(path_);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    Cut(whole, size);
    const auto there = static_cast<std::size_t>(std::ranges::upper_bound(sizes, size) - sizes.begin()) - 1;
    EXPECT_EQ(LinesOf(path_), Lines(there)) << size;
    Write(there, 8, false);
    EXPECT_EQ(LinesOf(path_), Lines(8)) << size;
    ASSERT_TRUE(FinishLineLog(RealDisk(), path_));
    EXPECT_EQ(LinesOf(path_), Lines(8)) << size;
    EXPECT_EQ(fs::file_size(path_), (FinishLineLog(RealDisk(), path_), fs::file_size(path_)));
  }
}

TEST_F(ALogOfLines, LosesNoOtherFrameToADamagedOne) {
  Write(0, 20, true);
  Write(20, 40, true);
  const std::string whole = *ReadFile(path_);
  const std::size_t second = whole.rfind("\x28\xB5\x2F\xFD");
  ASSERT_GT(second, 20U);
  const std::vector<std::string> all = Lines(40);
  for (std::size_t at = 4; at < second - 8; ++at) {  // without its first four bytes it is no log of compressed lines
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    const auto lines = LinesOf(LineFile::OfText(damaged));
    ASSERT_GE(lines.size(), 20U) << at;
    EXPECT_TRUE(std::equal(lines.end() - 20, lines.end(), all.begin() + 20)) << at;
  }
}

TEST_F(ALogOfLines, OfPlainTextIsReadAndLeftAlone) {
  std::ofstream(path_) << Line(0) << "\n" << Line(1) << "\n{\"torn";
  EXPECT_EQ(LinesOf(path_), Lines(2));
  EXPECT_FALSE(LineLog::Open(RealDisk(), path_));
  EXPECT_TRUE(FinishLineLog(RealDisk(), path_));
  EXPECT_EQ(LinesOf(path_), Lines(2));
}

}  // namespace
}  // namespace xsweep
