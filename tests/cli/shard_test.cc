// Shards: any split, in any order, at once or one after another, makes the bytes of one process.
// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "cli/run_binary.h"
#include "record/index.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

struct Sharded {
  TempDir dir;
  fs::path Run(const std::string& id) const { return dir.path() / "airline_static_v1" / id; }
  ProcessResult Start(const std::string& id, std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"run", StaticConfig(), "--outdir", dir.path().string(), "--run-id", id, "--trials",
                                   "3",   "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return Xsweep(words);
  }
  ProcessResult Merge(const std::string& id) const { return Xsweep({"merge", Run(id).string()}); }
  ProcessResult Work(const std::string& id, const std::string& shard) const {
    return Xsweep({"worker", "--run", Run(id).string(), "--shard", shard, "--quiet"});
  }
  void ExpectBytesOfOneProcess(const std::string& id) const {
    for (const char* file : {"trials.jsonl", "transcripts.jsonl.zst", "config.yaml"})
      EXPECT_TRUE(Slurp(Run(id) / file) == Slurp(Run("alone") / file)) << file << " of " << id << " differs";
    EXPECT_EQ(WithoutNames(Slurp(Run(id) / "summary.csv"), Run(id)),
              WithoutNames(Slurp(Run("alone") / "summary.csv"), Run("alone")));
    EXPECT_FALSE(fs::exists(Run(id) / "shards"));
  }
};

TEST(Shards, StartedAtTheSameMomentJoinOneRun) {
  const Sharded sweep;
  ASSERT_EQ(sweep.Start("alone").exit_code, 0);
  std::vector<std::thread> shards;
  for (int i = 0; i < 5; ++i) {
    shards.emplace_back([&, i] {
      const auto done = sweep.Start("together", {"--shard", std::to_string(i) + "/5", "--jobs", std::to_string(i + 1)});
      EXPECT_EQ(done.exit_code, 0) << done.err;
    });
  }
  for (std::thread& shard : shards) shard.join();
  const auto merged = sweep.Merge("together");
  EXPECT_EQ(merged.exit_code, 0) << merged.err;
  sweep.ExpectBytesOfOneProcess("together");
  EXPECT_EQ(ReadIndex(sweep.dir / "index.csv")->size(), 2U);
}

TEST(Shards, MayRunInAnyOrderTwiceAndInOtherSplits) {
  const Sharded sweep;
  ASSERT_EQ(sweep.Start("alone").exit_code, 0);
  ASSERT_EQ(sweep.Start("mixed", {"--shard", "6/7"}).exit_code, 0);
  for (const char* shard : {"2/3", "0/7", "0/7", "1/2", "0/2"}) EXPECT_EQ(sweep.Work("mixed", shard).exit_code, 0);
  EXPECT_EQ(sweep.Merge("mixed").exit_code, 0);
  sweep.ExpectBytesOfOneProcess("mixed");
  EXPECT_EQ(sweep.Merge("mixed").exit_code, 0) << "merging again is harmless";
  sweep.ExpectBytesOfOneProcess("mixed");
}

TEST(AMerge, NamesTheTrialsThatAreMissing) {
  const Sharded sweep;
  ASSERT_EQ(sweep.Start("part", {"--shard", "0/3"}).exit_code, 0);
  ASSERT_EQ(sweep.Work("part", "2/3").exit_code, 0);
  EXPECT_TRUE(fs::exists(sweep.Run("part") / "shards/2of3.done")) << "the others may use its part of the rates";
  EXPECT_FALSE(fs::exists(sweep.Run("part") / "shards/1of3.done"));
  const auto refused = sweep.Merge("part");
  EXPECT_EQ(refused.exit_code, 2);
  const std::string run = sweep.Run("part").string();
  EXPECT_EQ(refused.err, "xsweep: " + run +
                             ": 228 of 684 trials are missing: 228-455; run their shards again (`xsweep " +
                             "worker`) or everything that is missing with `xsweep run --resume " + run + "`\n");
  EXPECT_FALSE(fs::exists(sweep.Run("part") / "trials.jsonl"));
  EXPECT_EQ(Xsweep({"run", "--resume", run, "--quiet"}).exit_code, 0) << "one process finishes what shards began";
}

TEST(AShard, NeedsANameForTheRunToJoin) {
  const auto refused = Xsweep({"run", StaticConfig(), "--shard", "0/2"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.err, "xsweep: --shard: needs --run-id, so that all shards join one run\n");
}

}  // namespace
}  // namespace xsweep
