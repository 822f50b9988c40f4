// SealedParts: what threads pack side by side is the file that one would have written.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/sealed_parts.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "record/transcripts/seal_transcripts.h"
#include "record/transcripts/transcript_file.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

constexpr std::size_t kParts = 5;
constexpr std::uint64_t kEach = 4;

/// Dialogues of 300 KB, so that a part takes two frames; the third part has none, and every sixth trial kept none.
std::string SmallDialogue(std::uint64_t index) {
  return "{\"n\":\"" + std::string(300'000, 'a') + std::to_string(index) + "\"}";
}
bool Kept(std::uint64_t index) { return index / kEach != 2 && index % 6 != 5; }

Status Pack(SealedParts::Writer& writer, std::size_t part) {
  for (std::uint64_t i = part * kEach; i < (part + 1) * kEach; ++i) {
    if (Kept(i)) TRY(writer.Add(i, SmallDialogue(i)));
  }
  return writer.End(part);
}

/// `by[part]` packs that part, in the order of `order`.
std::string Written(const std::vector<std::size_t>& order, const std::vector<std::size_t>& by) {
  const TempDir dir;
  SealedParts parts(RealDisk(), dir.path(), 2, kParts);
  std::vector<SealedParts::Writer> writers;
  for (std::size_t thread = 0; thread < 2; ++thread) writers.emplace_back(parts, thread);
  for (const std::size_t part : order) EXPECT_TRUE(Pack(writers[by[part]], part));
  EXPECT_TRUE(parts.Join(dir / "sealed"));
  const auto bytes = ReadFile(dir / "sealed");
  EXPECT_TRUE(bytes);
  return bytes.value_or("");
}

TEST(SealedParts, HaveTheSameBytesWhicheverThreadPacksThem) {
  const std::string alone = Written({0, 1, 2, 3, 4}, {0, 0, 0, 0, 0});
  EXPECT_EQ(Written({1, 0, 4, 2, 3}, {0, 1, 1, 0, 1}), alone);
  EXPECT_EQ(Written({4, 3, 2, 1, 0}, {1, 0, 1, 0, 1}), alone);
}

TEST(SealedParts, AreReadAsAnySealedFile) {
  const TempDir dir;
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "sealed", Written({1, 0, 4, 2, 3}, {0, 1, 1, 0, 1})));
  const auto file = TranscriptFile::Open(dir / "sealed");
  ASSERT_TRUE(file);
  std::size_t line = 0;
  for (std::uint64_t i = 0; i < kParts * kEach; ++i) {
    const auto found = file->Find(i);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->has_value(), Kept(i)) << i;
    if (!Kept(i)) continue;
    EXPECT_EQ((**found).Dump(), SmallDialogue(i));
    EXPECT_EQ(file->IndexAt(line++).value_or(0), i);
  }
  EXPECT_EQ(file->size(), line);
}

TEST(SealedParts, WithoutADialogueLeaveNoFile) {
  const TempDir dir;
  SealedParts parts(RealDisk(), dir.path(), 1, 1);
  SealedParts::Writer writer(parts, 0);
  ASSERT_TRUE(writer.End(0));
  ASSERT_TRUE(parts.Join(dir / "sealed"));
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(SealedParts, StayWhereThereIsNoLogToSeal) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "shards");
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "sealed", Written({0, 1, 2, 3, 4}, {0, 0, 0, 0, 0})));
  ASSERT_TRUE(SealTranscripts(RealDisk(), dir / "shards", dir / "sealed"));
  EXPECT_TRUE(std::filesystem::exists(dir / "sealed"));
}

}  // namespace
}  // namespace xsweep
