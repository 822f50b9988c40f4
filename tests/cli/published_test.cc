// Results that others have published, imported and counted again by a reader that is not ours (recount.py).
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "base/files.h"
#include "base/json.h"
#include "cli/program.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// Skips, and says so, where the published files are not there.
class Published : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* place = std::getenv("XSWEEP_PUBLISHED_DIR");
    published_ = place != nullptr ? fs::path(place) : fs::path(XSWEEP_SOURCE_DIR) / "../shared/published";
    if (!fs::exists(published_ / "README.md"))
      GTEST_SKIP() << "XSWEEP_PUBLISHED_DIR names no directory with published results";
  }
  fs::path Unpacked(const std::string& archive) const {
    const fs::path to = scratch_ / ("of_" + archive);
    fs::create_directories(to);
    const auto unpacked = RunProcess({.args = {"tar", "-xf", (published_ / archive).string(), "-C", to.string()}});
    EXPECT_TRUE(unpacked && unpacked->exit_code == 0) << archive;
    return to;
  }
  ProcessResult Import(const fs::path& path, std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {
        "import", "results", path.string(), "--exp", "x", "--outdir", (scratch_ / "runs").string()};
    words.insert(words.end(), more.begin(), more.end());
    return RunXsweep(words);
  }
  /// Imports and counts again.
  void Recount(const std::string& kind, const fs::path& path, const std::vector<std::string>& more = {}) const {
    const auto imported = Import(path, more);
    ASSERT_EQ(imported.exit_code, 0) << path << imported.err << imported.out;
    const auto counted = RunProcess(
        {.args = {"python3", XSWEEP_SOURCE_DIR "/tests/cli/recount.py", kind, path.string(), Latest().string()}});
    ASSERT_TRUE(counted);
    EXPECT_EQ(counted->exit_code, 0) << path << "\n" << counted->out << counted->err;
  }
  fs::path Latest() const { return scratch_ / "runs/x/latest"; }
  Json Manifest() const { return *Json::Parse(*ReadFile(Latest() / "run.json")); }

  const TempDir scratch_;
  fs::path published_;
};

TEST_F(Published, AgentDojoTreesGiveTheCountsOfAnotherReader) {
  Recount("agentdojo", Unpacked("agentdyn_dev_gpt-4o_shopping.tar.xz") / "runs");
  const Json run = Manifest();
  EXPECT_EQ(run.IntOr("planned", 0), 827);
  EXPECT_EQ(run.Find("cells")->size(), 11U);  // four arms: attacked and benign each, and three with injections alone
  Recount("agentdojo", Unpacked("agentdyn_odd_forms.tar.xz") / "runs");
}

TEST_F(Published, AnArmsFileCorrectsWhatDirectoriesSay) {
  const fs::path logs = Unpacked("agentdyn_odd_forms.tar.xz") / "runs";
  ASSERT_TRUE(WriteAtomically(RealDisk(), scratch_ / "arms.csv",
                              "directory,model,defense\ngpt-5.1-2025-11-13,gpt-5.1,homemade\n"));
  ASSERT_EQ(Import(logs, {"--arms", (scratch_ / "arms.csv").string()}).exit_code, 0);
  EXPECT_NE(Manifest().Find("cells")->Dump().find("homemade"), std::string::npos);
}

TEST_F(Published, FactsGiveTheCountsOfAnotherReader) {
  Recount("facts", published_ / "agentdyn_facts.csv.gz");
  Recount("facts", published_ / "drift_facts.csv.gz");
}

TEST_F(Published, AnInspectLogGivesTheCountsOfAnotherReader) {
  Recount("inspect", published_ / "inspect_agentdojo_mockllm_v2.eval");
}

TEST_F(Published, TauResultsGiveTheRewardsOfAnotherReaderAndReScoreToThem) {
  NEEDS_TAU_DATA();
  for (const char* archive : {"tau2_dev.tar.xz", "tau1_dev.tar.xz"}) {
    for (const auto& entry : fs::directory_iterator(Unpacked(archive))) {
      const std::string name = entry.path().filename().string();
      if (name.find("no_task_id") != std::string::npos) {
        EXPECT_EQ(Import(entry.path()).exit_code, 2);
        continue;
      }
      const std::string desk = name.substr(0, 4) + (name.find("retail") != std::string::npos ? "/retail" : "/airline");
      Recount("tau", entry.path(), {"--environment", desk, "--data", TauDirectory().string()});
      const Json run = Manifest();
      const Json* replay = run.Find("import")->Find("replay");
      ASSERT_NE(replay, nullptr) << name;
      const bool mislabelled = name.find("mislabelled") != std::string::npos;
      EXPECT_EQ(replay->IntOr("same_reward", 0) == replay->IntOr("graded", -1), !mislabelled) << name;
      EXPECT_EQ(run.Find("import")->Find("warnings")->Dump().find("Mislabelled") != std::string::npos, mislabelled)
          << name;
      Recount("tau", entry.path());  // without an environment the episodes are facts
    }
  }
}

TEST_F(Published, ReducedInputsSayWhatTheirCasesAsk) {
  NEEDS_TAU_DATA();
  const fs::path reduced = Unpacked("reduced_inputs.tar.xz") / "reduced";
  const auto in = [&](const char* desk, const char* name) {
    return Import(reduced / name, {"--environment", desk, "--data", TauDirectory().string()});
  };
  const auto refused = in("tau2/airline", "r1_other_domain.json");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("telecom"), std::string::npos) << refused.err;
  EXPECT_EQ(in("tau2/airline", "r1b_retail_as_airline.json").exit_code, 2);
  EXPECT_NE(in("tau2/airline", "r2_own_tasks_differ.json").err.find("1 of 1 tasks differ"), std::string::npos);
  EXPECT_NE(in("tau1/retail", "r3_trial_is_task.json").out.find("10 episodes of 10 tasks, 1 trials"),
            std::string::npos);
  EXPECT_NE(in("tau1/retail", "r4_partial_reward.json").err.find("partial"), std::string::npos);
  EXPECT_EQ(in("tau2/airline", "r5_tau2_list.json").exit_code, 0);
  EXPECT_NE(in("tau2/airline", "r6_empty_simulations.json").err.find("no episodes"), std::string::npos);
  EXPECT_NE(in("tau2/airline", "r8_no_task_id.json").err.find("entry 1: has no task_id"), std::string::npos);
  EXPECT_NE(in("tau2/airline", "r9_mislabelled.json").err.find("Mislabelled: in 6 of 6"), std::string::npos);
  EXPECT_EQ(in("tau1/retail", "r10_python_literal_args.json").exit_code, 0);
  EXPECT_NE(in("tau2/airline", "r11_simulation_index.json").err.find("simulations/0.json"), std::string::npos);
  EXPECT_NE(in("tau2/airline", "r12_duplicate.json").err.find("numbers of their own"), std::string::npos);
  EXPECT_EQ(Import(reduced / "r13_agentdojo.json").exit_code, 0) << "a log of AgentDojo is told by itself";
  EXPECT_EQ(in("tau2/airline", "r9_mislabelled.json").exit_code, 0);
  EXPECT_EQ(Import(reduced / "r9_mislabelled.json", {"--strict"}).exit_code, 2);
}

}  // namespace
}  // namespace xsweep
