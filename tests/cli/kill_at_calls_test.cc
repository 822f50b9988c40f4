// A run that is killed at a chosen system call, any of those that change the disk, ends with the bytes of one that was
// left alone, and leaves nothing behind.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>

#include "cli/run_binary.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

int Kills() {
  const char* wanted = std::getenv("XSWEEP_CALL_KILLS");
  return wanted == nullptr ? 100 : std::atoi(wanted);
}
fs::path Library() { return XSWEEP_BINARY_DIR "/libkill_at_call.so"; }

struct WatchedRun {
  TempDir dir;
  std::vector<std::string> Words(const std::string& id) const {
    return {Binary(),
            "run",
            StaticConfig(),
            "--outdir",
            dir.path().string(),
            "--run-id",
            id,
            "--trials",
            "2",
            "--jobs",
            "1",
            "--quiet",
            "--set",
            "transcripts=sample:3",
            "--set",
            "environment.tasks=0..5"};
  }
  fs::path Run(const std::string& id) const { return dir.path() / "airline_static_v1" / id; }

  /// The program with the library in front; `fatal` < 0: it lives.
  ProcessResult With(const std::string& id, long fatal) const {
    auto result = RunProcess({.args = Words(id),
                              .environment = {{"LD_PRELOAD", Library().string()},
                                              {"KILL_AT_CALL", std::to_string(fatal)},
                                              {"KILL_COUNT_FILE", (dir / "calls").string()}},
                              .time_limit = std::chrono::minutes(2)});
    EXPECT_TRUE(result) << (result ? "" : result.error().Text());
    return result ? *result : ProcessResult{-1, "", ""};
  }
  std::vector<std::string> Leftovers() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(dir.path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.') && (name.ends_with(".tmp") || name.ends_with(".new"))) found.push_back(name);
    }
    return found;
  }
};

TEST(ARunKilledAtASystemCall, EndsWithTheSameBytes) {
  if (!fs::exists(Library())) GTEST_SKIP() << Library() << " was not built (sanitizers do without it)";
  const WatchedRun situation;
  ASSERT_EQ(situation.With("alone", -1).exit_code, 0);
  const long calls = std::atol(Slurp(situation.dir / "calls").c_str());
  ASSERT_GT(calls, 50);
  int killed = 0;
  for (int kill = 0; kill < Kills(); ++kill) {
    const long at = calls * kill / Kills();
    const std::string id = "at" + std::to_string(at);
    SCOPED_TRACE("killed at call " + std::to_string(at) + " of " + std::to_string(calls));
    killed += situation.With(id, at).exit_code == 128 + SIGKILL ? 1 : 0;
    auto words = situation.Words(id);
    words.erase(words.begin());
    const auto finished = Xsweep(words);
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    const fs::path alone = situation.Run("alone");
    const fs::path run = situation.Run(id);
    for (const char* file : {"trials.jsonl", "transcripts.jsonl.zst", "config.yaml"})
      EXPECT_TRUE(Slurp(run / file) == Slurp(alone / file)) << file << " differs";
    EXPECT_EQ(WithoutNames(Slurp(run / "summary.csv"), run), WithoutNames(Slurp(alone / "summary.csv"), alone));
    EXPECT_FALSE(fs::exists(run / "shards"));
    fs::remove_all(run);
    if (HasFailure()) return;
  }
  EXPECT_GT(killed, Kills() * 9 / 10);
  EXPECT_EQ(situation.Leftovers(), std::vector<std::string>());
}

}  // namespace
}  // namespace xsweep
