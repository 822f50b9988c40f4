// A run that is killed again and again, at any moment, ends with the bytes of one that was left alone.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "cli/run_binary.h"
#include "record/index.h"
#include "record/logs/trial_log.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

using std::chrono::microseconds;
namespace fs = std::filesystem;

int Kills() {
  const char* wanted = std::getenv("XSWEEP_KILLS");
  return wanted == nullptr ? 25 : std::atoi(wanted);
}

/// Counts rows of the same trial and attempt in the logs: work that was done twice.
std::uint64_t RowsWrittenTwice(const fs::path& shards) {
  std::set<std::uint64_t> seen;
  std::uint64_t twice = 0;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(shards, absent)) {
    if (entry.path().extension() != ".jsonl") continue;
    const auto read = ForEachLine(entry.path(), [&](std::uint64_t, std::string_view row) {
      twice += seen.insert(RowIndex(row).value()).second ? 0 : 1;
      return Status();
    });
    EXPECT_TRUE(read);
  }
  return twice;
}

/// Every file under a final name must be whole at every moment.
void ExpectWholeFiles(const fs::path& run, std::size_t planned) {
  if (!fs::exists(run)) return;
  const std::string rows = Slurp(run / "trials.jsonl");
  const std::string summary = Slurp(run / "summary.csv");
  const auto lines = static_cast<std::size_t>(std::ranges::count(rows, '\n'));
  EXPECT_TRUE(rows.empty() || lines == planned) << lines << " rows under the final name";
  EXPECT_TRUE(Slurp(run / "run.json").ends_with("}\n")) << "no whole run.json";
  EXPECT_TRUE(summary.empty() || summary.ends_with("\n")) << "half a summary";
}

struct KilledRun {
  TempDir dir;
  std::vector<std::string> flags{
      "run",   StaticConfig(),         "--outdir", dir.path().string(), "--trials", "40", "--jobs", "2",
      "--set", "transcripts=sample:20"};
  std::size_t planned = 38 * 3 * 2 * 40;
  fs::path Run(const std::string& id) const { return dir.path() / "airline_static_v1" / id; }
  std::vector<std::string> Named(const std::string& id) const {
    auto words = flags;
    words.insert(words.end(), {"--run-id", id});
    return words;
  }
};

TEST(KilledRun, EndsWithTheBytesOfAnUninterruptedOne) {
  const KilledRun situation;
  const auto started = std::chrono::steady_clock::now();
  ASSERT_EQ(Xsweep(situation.Named("alone")).exit_code, 0);
  const auto whole = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - started);
  std::mt19937_64 random(20261122);
  int killed = 0;
  int runs = 0;
  for (; killed < Kills(); ++runs) {
    const std::string id = "run" + std::to_string(runs);
    // A run is killed until it gets through, each time somewhere in the length of a whole one.
    for (bool again = true; again && killed < Kills();) {
      again = XsweepKilledAfter(situation.Named(id),
                                microseconds(std::uniform_int_distribution<std::int64_t>(0, whole.count())(random)));
      killed += again ? 1 : 0;
      ExpectWholeFiles(situation.Run(id), situation.planned);
      EXPECT_EQ(RowsWrittenTwice(situation.Run(id) / "shards"), 0U);
    }
    const auto finished = Xsweep(situation.Named(id));
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    const fs::path alone = situation.Run("alone");
    const fs::path run = situation.Run(id);
    for (const char* file : {"trials.jsonl", "transcripts.jsonl.zst", "config.yaml"})
      EXPECT_TRUE(Slurp(run / file) == Slurp(alone / file)) << file << " of " << id << " differs";
    EXPECT_EQ(WithoutNames(Slurp(run / "summary.csv"), run), WithoutNames(Slurp(alone / "summary.csv"), alone));
    EXPECT_FALSE(fs::exists(run / "shards"));
    EXPECT_NE(Slurp(run / "run.json").find("\"status\": \"completed\""), std::string::npos);
    EXPECT_EQ(fs::read_symlink(run.parent_path() / "latest"), run.filename());
    if (HasFailure()) return;
  }
  std::size_t damaged = 0;
  const auto index = ReadIndex(situation.dir / "index.csv", &damaged);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->size(), static_cast<std::size_t>(runs) + 1);
  EXPECT_EQ(damaged, 0U);
  const std::string lines = Slurp(situation.dir / "index.csv");
  EXPECT_EQ(std::ranges::count(lines, '\n'), runs + 2) << "one line a run under the header";
  RecordProperty("kills", killed);
  RecordProperty("runs", runs);
}

}  // namespace
}  // namespace xsweep
