// Logs that a loss of power or a bad disk has damaged: what is lost counts as missing and is said; nothing else
// changes.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <functional>
#include <random>

#include "record/logs/log_row.h"
#include "record/logs/trial_log.h"
#include "record/recorded_trials.h"
#include "record/run_directory.h"
#include "record/transcripts/transcript_log.h"
#include "support/disks.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kRows = 200;

Trial TrialOf(std::uint64_t index) {
  Trial trial;
  trial.index = index;
  trial.cell = "defense.name=none";
  trial.task = fmt::format("task{}", index);
  trial.outcome = Outcome::kAttackResisted;
  return trial;
}

bool KeepsTranscript(std::uint64_t index) { return index % 4 != 3; }
std::string TranscriptOf(std::uint64_t index) {
  return fmt::format("{{\"n\":{},\"said\":\"{}\"}}", index, std::string(40 + index * 7 % 300, 'a' + index % 26));
}

void Append(TrialLog& rows, TranscriptLog& transcripts, std::uint64_t index) {
  std::string record;
  if (KeepsTranscript(index)) AppendTranscriptRecord(index, 0, TranscriptOf(index), record);
  std::string row;
  AppendLogRow(TrialOf(index), KeepsTranscript(index), row);
  ASSERT_TRUE(record.empty() || transcripts.Append(record));
  ASSERT_TRUE(rows.Append(row));
}

/// A run whose trials are all in the logs of one process.
struct LoggedRun {
  LoggedRun() {
    Manifest manifest;
    manifest.exp = "exp";
    auto started = RunDirectory::Start(disk, dir.path(), "r", true, "exp: exp\n", manifest);
    run = std::move(**started);
    (void)disk.MakeDirectory(run->shards());
    Write("0", [](std::uint64_t) { return true; });
  }
  void Write(const std::string& name, const std::function<bool(std::uint64_t)>& wanted) {
    const auto transcripts = TranscriptLog::Open(disk, run->shards() / (name + ".transcripts"));
    const auto rows = TrialLog::Open(disk, run->shards() / (name + ".jsonl"));
    for (std::uint64_t index = 0; index < kRows; ++index) {
      if (wanted(index)) Append(**rows, **transcripts, index);
    }
    ASSERT_TRUE((*rows)->Close());
  }
  fs::path Log(const char* kind) const { return run->shards() / (std::string("0.") + kind); }

  TempDir dir;
  UnsyncedDisk disk;
  std::optional<RunDirectory> run;
};

void Overwrite(const fs::path& file, const std::string& bytes) {
  fs::remove(file);
  ASSERT_TRUE(WriteAtomically(RealDisk(), file, bytes));
}

std::string SealedRows(const LoggedRun& situation) {
  const auto sealed = situation.run->Seal(kRows);
  EXPECT_TRUE(sealed) << (sealed ? "" : sealed.error().Text());
  return *ReadFile(situation.run->File("trials.jsonl")) + *ReadFile(situation.run->File("transcripts.jsonl.zst"));
}

using Harm = std::function<void(std::string& bytes, std::mt19937_64& random)>;

void Zeros(std::string& bytes, std::mt19937_64& random) {
  const std::size_t size = std::min<std::size_t>(bytes.size() / 3, 4096);
  bytes.replace(random() % (bytes.size() - size), size, size, '\0');
}
void FlippedBit(std::string& bytes, std::mt19937_64& random) {
  char& byte = bytes[random() % bytes.size()];
  byte = static_cast<char>(byte ^ (1 << (random() % 8)));
}
void ManyFlippedBits(std::string& bytes, std::mt19937_64& random) {
  for (int i = 0; i < 30; ++i) FlippedBit(bytes, random);
}
void ZeroedTail(std::string& bytes, std::mt19937_64& random) {
  const std::size_t from = random() % bytes.size();
  bytes.replace(from, bytes.size() - from, bytes.size() - from, '\0');
}
void TornTail(std::string& bytes, std::mt19937_64& random) { bytes.resize(random() % bytes.size()); }
void OldPage(std::string& bytes, std::mt19937_64& random) {
  const std::string page = bytes.substr(0, 1024);
  bytes.replace(random() % (bytes.size() - page.size()), page.size(), page);
}
void Swallowed(std::string& bytes, std::mt19937_64& random) { bytes.erase(random() % (bytes.size() - 600), 512); }

struct Case {
  const char* name;
  Harm harm;
};

class DamagedLog : public testing::TestWithParam<std::tuple<Case, const char*>> {};

TEST_P(DamagedLog, LosesOnlyWhatIsNamedAndEndsInTheSameBytes) {
  const auto& [damage, kind] = GetParam();
  const std::string whole = SealedRows(LoggedRun());
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(fmt::format("{} in {}, seed {}", damage.name, kind, seed));
    LoggedRun situation;
    std::mt19937_64 random(seed);
    std::string bytes = *ReadFile(situation.Log(kind));
    const std::string before = bytes;
    damage.harm(bytes, random);
    Overwrite(situation.Log(kind), bytes);

    const auto rows = RecordedTrials::Scan(situation.run->shards(), kRows);
    ASSERT_TRUE(rows) << rows.error().Text();
    const bool at_the_end_only = before.starts_with(bytes);  // what a kill leaves, and nothing that needs a word
    if (rows->recorded() < kRows && !at_the_end_only) {
      EXPECT_FALSE(rows->losses().empty());
    }
    EXPECT_TRUE(rows->ForEachRow([&](std::uint64_t index, std::string_view row) {
      std::string expected;
      AppendTrialRow(TrialOf(index), expected);
      EXPECT_EQ(row, expected);
      return Status();
    }));
    situation.Write("0.2", [&](std::uint64_t index) { return !rows->Has(index); });
    EXPECT_TRUE(SealedRows(situation) == whole) << "the repaired run differs from one that was never damaged";
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(AllKinds, DamagedLog,
                         testing::Combine(testing::Values(Case{"Zeros", Zeros}, Case{"FlippedBit", FlippedBit},
                                                          Case{"ManyFlippedBits", ManyFlippedBits},
                                                          Case{"ZeroedTail", ZeroedTail}, Case{"TornTail", TornTail},
                                                          Case{"OldPage", OldPage}, Case{"Swallowed", Swallowed}),
                                          testing::Values("jsonl", "transcripts")),
                         [](const auto& damaged) {
                           return std::string(std::get<0>(damaged.param).name) + "_" + std::get<1>(damaged.param);
                         });

TEST(ALogOfAnEarlierVersion, IsReadWithoutMarks) {
  const TempDir dir;
  std::string bytes;
  for (std::uint64_t index = 0; index < 3; ++index) AppendTrialRow(TrialOf(index), bytes);
  ASSERT_TRUE(WriteAtomically(RealDisk(), dir / "0.jsonl", bytes));
  const auto rows = RecordedTrials::Scan(dir.path(), 4);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->recorded(), 3U);
  EXPECT_TRUE(rows->losses().empty());
}

TEST(ALostTranscriptLog, MakesItsTrialsMissing) {
  LoggedRun situation;
  fs::remove(situation.Log("transcripts"));
  const auto rows = RecordedTrials::Scan(situation.run->shards(), kRows);
  ASSERT_TRUE(rows);
  for (std::uint64_t index = 0; index < kRows; ++index) EXPECT_EQ(rows->Has(index), !KeepsTranscript(index));
  EXPECT_EQ(rows->losses().size(), 1U);
}

}  // namespace
}  // namespace xsweep
