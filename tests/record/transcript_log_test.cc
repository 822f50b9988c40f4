// Transcripts: any one opens by its trial, torn tails are dropped, the last attempt counts.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/transcript_log.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "record/transcripts/seal_transcripts.h"
#include "record/transcripts/transcript_file.h"
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

/// A dialogue of its own under a policy that all share.
std::string Dialogue(std::uint64_t trial) {
  std::string steps;
  for (int turn = 0; turn < 20; ++turn) steps += "turn " + std::to_string(trial * 7919 % 1000 + turn) + " of many. ";
  std::string policy;
  for (int rule = 0; rule < 200; ++rule) policy += "Rule " + std::to_string(rule * rule) + ": be careful. ";
  return "{\"steps\":\"" + steps + "\",\"system\":\"" + policy + "\"}";
}

class ManyTranscripts : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kMany = 700;  // several frames
  void SetUp() override {
    std::filesystem::create_directory(dir / "shards");
    std::string log;
    for (std::uint64_t n = kMany; n-- > 0;) log += Record(3 * n + 1, 0, Dialogue(n));
    log_size = log.size();
    ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "shards/0.transcripts", log));
    ASSERT_TRUE(SealTranscripts(RealDisk(), dir / "shards", dir / "t.zst"));
  }
  static std::string LineOf(std::uint64_t n) {
    return "{\"index\":" + std::to_string(3 * n + 1) + ",\"transcript\":" + Dialogue(n) + "}\n";
  }
  TempDir dir;
  std::size_t log_size = 0;
};

TEST_F(ManyTranscripts, ShareFramesAndAreTenTimesSmallerForIt) {
  EXPECT_LT(std::filesystem::file_size(dir / "t.zst") * 10, log_size);
}

TEST_F(ManyTranscripts, OpenByPlaceAndByTrialInAnyOrder) {
  const auto file = TranscriptFile::Open(dir / "t.zst");
  ASSERT_TRUE(file);
  ASSERT_EQ(file->size(), kMany);
  for (std::uint64_t step = 0; step < kMany; ++step) {
    const std::uint64_t n = step * 391 % kMany;
    EXPECT_EQ(*file->Line(n), LineOf(n));
    EXPECT_EQ(*file->LowerBound(3 * n + 1), n);
    EXPECT_EQ(*file->LowerBound(3 * n + 2), n + 1);
    EXPECT_TRUE((*file->Find(3 * n + 1)).has_value());
    EXPECT_FALSE((*file->Find(3 * n + 2)).has_value());
  }
  EXPECT_EQ(*file->LowerBound(0), 0U);
  EXPECT_EQ(*file->LowerBound(1'000'000), kMany);
}

TEST_F(ManyTranscripts, AreTheSameBytesFromOneLogOrFromTwoAndAfterBeingUnsealed) {
  const std::string once = *ReadFile(dir / "t.zst");
  std::filesystem::remove(dir / "shards/0.transcripts");
  std::string logs[2];
  for (std::uint64_t n = 0; n < kMany; ++n) logs[n % 2] += Record(3 * n + 1, 0, Dialogue(n));
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "shards/1.transcripts", logs[0]));
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "shards/2.transcripts", logs[1]));
  ASSERT_TRUE(SealTranscripts(RealDisk(), dir / "shards", dir / "again.zst"));
  EXPECT_EQ(*ReadFile(dir / "again.zst"), once);

  const TempDir other;
  std::filesystem::create_directory(other / "shards");
  ASSERT_TRUE(UnsealTranscripts(RealDisk(), dir / "t.zst", other / "shards/sealed.transcripts"));
  ASSERT_TRUE(SealTranscripts(RealDisk(), other / "shards", other / "t.zst"));
  EXPECT_EQ(*ReadFile(other / "t.zst"), once);
}

TEST(Transcripts, OfSeveralPoliciesInTurnAreSealedAsTheyWereSaid) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "shards");
  const auto text = [](std::uint64_t n) {
    const std::string policy =
        n % 5 == 4 ? "none" : std::string(n % 3 == 0 ? 2000 : 1500, static_cast<char>('a' + n % 3));
    return "{\"steps\":\"" + std::to_string(n) + "\",\"system\":\"" + policy + "\"}";
  };
  std::string log;
  for (std::uint64_t n = 0; n < 3000; ++n) log += Record(n, 0, text(n / 2));
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "shards/0.transcripts", log));
  ASSERT_TRUE(SealTranscripts(RealDisk(), dir / "shards", dir / "t.zst"));
  const auto file = TranscriptFile::Open(dir / "t.zst");
  ASSERT_TRUE(file);
  ASSERT_EQ(file->size(), 3000U);
  for (std::uint64_t n = 0; n < 3000; ++n)
    ASSERT_EQ(*file->Line(n), "{\"index\":" + std::to_string(n) + ",\"transcript\":" + text(n / 2) + "}\n");
}

TEST(Transcripts, ThatCannotBeOpenedAgainFailTheSealingAndLeaveNothing) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "shards");
  std::string log;
  for (std::uint64_t n = 0; n < 1000; ++n) log += Record(n, 0, Dialogue(n));
  std::string damaged = Record(1000, 0, Dialogue(7));
  damaged.replace(32, 4, "oops");  // with a checksum that fits, as after a bad write
  const std::string_view frames = std::string_view(damaged).substr(32);
  std::uint32_t text_size = 0;
  std::memcpy(&text_size, damaged.data() + 28, sizeof text_size);
  const std::uint64_t fields[] = {1000, text_size, frames.size()};
  const std::uint64_t checksum = Hash64(frames, Hash64({reinterpret_cast<const char*>(fields), sizeof fields}));
  std::memcpy(damaged.data() + 16, &checksum, sizeof checksum);
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "shards/0.transcripts", log + damaged));
  const Status sealed = SealTranscripts(RealDisk(), dir / "shards", dir / "t.zst");
  ASSERT_FALSE(sealed);
  EXPECT_NE(sealed.error().Text().find("trial 1000"), std::string::npos) << sealed.error().Text();
  EXPECT_FALSE(std::filesystem::exists(dir / "t.zst"));
}

/// The frames of a log one after the other and a table of sizes: what was sealed before lines shared frames.
std::string SealedAsBefore(const std::vector<std::string>& records) {
  const auto number = [](std::uint32_t value) { return std::string(reinterpret_cast<const char*>(&value), 4); };
  std::string frames;
  std::string sizes;
  for (const std::string& record : records) {
    frames += record.substr(32);
    sizes += record.substr(24, 8);
  }
  const auto count = static_cast<std::uint32_t>(records.size());
  return frames + number(0x184D2A5E) + number(count * 8 + 9) + sizes + number(count) + std::string(1, '\0') +
         number(0x8F92EAB1);
}

TEST(Transcripts, OfEarlierVersionsAreRead) {
  const TempDir dir;
  std::vector<std::string> records;
  for (std::uint64_t n = 0; n < 9; ++n) records.push_back(Record(3 * n + 1, 0, Dialogue(n)));
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "old.zst", SealedAsBefore(records)));
  const auto file = TranscriptFile::Open(dir / "old.zst");
  ASSERT_TRUE(file);
  ASSERT_EQ(file->size(), 9U);
  for (std::uint64_t n = 0; n < 9; ++n) {
    EXPECT_NE(file->Line(n)->find(Dialogue(n)), std::string::npos);
    EXPECT_EQ(*file->LowerBound(3 * n + 1), n);
    EXPECT_EQ(*file->IndexAt(n), 3 * n + 1);
    EXPECT_FALSE((*file->Find(3 * n + 2)).has_value());
  }
}

TEST(Transcripts, ThatClaimBillionsOfLinesTakeNoMemoryForThem) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "shards");
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "shards/0.transcripts", Record(0, 0, Dialogue(0))));
  ASSERT_TRUE(SealTranscripts(RealDisk(), dir / "shards", dir / "t.zst"));
  std::string bytes = *ReadFile(dir / "t.zst");
  bytes.replace(bytes.size() - 13, 4, "\xFF\xFF\xFF\xFF");  // the size of the frame's text
  bytes.replace(bytes.size() - 29, 4, "\xFE\xFF\xFF\xFF");  // its lines
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "t.zst", bytes));
  const auto file = TranscriptFile::Open(dir / "t.zst");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size(), 0xFFFFFFFEU);
  EXPECT_FALSE(file->Line(0));
  EXPECT_FALSE(file->Find(0));
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
