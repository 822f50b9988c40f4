// Transcripts: each opens alone, torn tails are dropped, the last attempt counts.
#include "record/transcript_log.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace xsweep {
namespace {

std::string Record(std::uint64_t index, std::uint32_t attempt, const std::string& json) {
  std::string out;
  AppendTranscriptRecord(index, attempt, json, out);
  return out;
}

TEST(Transcripts, OpenByTrialAfterSealing) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "shards");
  ASSERT_TRUE(
      WriteAtomically(RealDisk(), dir / "shards/1.transcripts", Record(9, 0, "{\"n\":9}") + Record(2, 0, "{\"n\":2}")));
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "shards/0.transcripts",
                              Record(4, 0, "{\"n\":\"old\"}") + Record(4, 1, "{\"n\":4}")));
  ASSERT_TRUE(SealTranscripts(RealDisk(), dir / "shards", dir / "t.zst"));
  const auto file = TranscriptFile::Open(dir / "t.zst");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size(), 3U);
  for (const std::uint64_t index : {2U, 4U, 9U}) {
    const auto found = file->Find(index);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((**found).IntOr("n", -1), static_cast<std::int64_t>(index));
  }
  for (const std::uint64_t missing : {0U, 3U, 10U}) EXPECT_FALSE(file->Find(missing)->has_value());
  EXPECT_EQ(*file->Line(0), "{\"index\":2,\"transcript\":{\"n\":2}}\n");
}

TEST(Transcripts, ThatEndInALongPromptHaveTheSameBytesWhateverWasCompressedBefore) {
  const auto ending_in = [](const std::string& steps, const std::string& prompt) {
    return "{\"steps\":\"" + steps + "\",\"system\":\"" + prompt + "\"}";
  };
  const std::string one = ending_in("a", std::string(2000, 'p'));
  const std::string two = ending_in("b", std::string(3000, 'q') + ",\\\"system\\\":\\\"x");
  const std::string three = ending_in("c", "short");
  std::vector<std::string> forward;
  for (const std::string& json : {one, two, three}) forward.push_back(Record(7, 0, json));
  EXPECT_EQ(Record(7, 0, three), forward[2]);
  EXPECT_EQ(Record(7, 0, two), forward[1]);
  EXPECT_EQ(Record(7, 0, one), forward[0]);

  const TempDir dir;
  std::filesystem::create_directory(dir / "shards");
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "shards/0.transcripts", Record(0, 0, one) + Record(1, 0, two)));
  ASSERT_TRUE(SealTranscripts(RealDisk(), dir / "shards", dir / "t.zst"));
  const auto file = TranscriptFile::Open(dir / "t.zst");
  ASSERT_TRUE(file);
  EXPECT_EQ(*file->Line(0), "{\"index\":0,\"transcript\":" + one + "}\n");
  EXPECT_EQ(*file->Line(1), "{\"index\":1,\"transcript\":" + two + "}\n");
}

TEST(Transcripts, LoseOnlyTheTornTail) {
  const TempDir dir;
  const std::string whole = Record(0, 0, "{\"a\":1}");
  const std::string torn = Record(1, 0, "{\"b\":2}");
  for (std::size_t cut = 0; cut < torn.size(); ++cut) {
    ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "0.transcripts", whole + torn.substr(0, cut)));
    ASSERT_TRUE(TranscriptLog::Open(RealDisk(), dir / "0.transcripts"));
    EXPECT_EQ(std::filesystem::file_size(dir / "0.transcripts"), whole.size()) << cut;
  }
}

TEST(Transcripts, RefuseDamagedFiles) {
  const TempDir dir;
  for (const std::string& text :
       {std::string("short"), std::string(100, 'x'), std::string(13, '\0') + "\xB1\xEA\x92\x8F"}) {
    ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "t.zst", text));
    const auto file = TranscriptFile::Open(dir / "t.zst");
    EXPECT_FALSE(file) << text.size();
  }
}

}  // namespace
}  // namespace xsweep
