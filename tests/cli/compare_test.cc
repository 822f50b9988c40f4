// xsweep compare by the real binary: commits from the index, and what differs between two configs.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/files.h"
#include "cli/run_binary.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

using testing::HasSubstr;
using testing::Not;

class ComparedRuns : public testing::Test {
 protected:
  std::string Root() const { return (dir_ / "results").string(); }
  void Run(const std::string& id, const std::string& setting) const {
    const auto run = Xsweep({"run", StaticConfig(), "--seeds", "41", "--trials", "2", "--outdir", Root(), "--quiet",
                             "--run-id", id, "--set", setting});
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  std::string Compare(const std::string& a, const std::string& b) const {
    const auto compare = Xsweep({"compare", a, b, "--outdir", Root(), "--to", (dir_ / "out").string()});
    EXPECT_EQ(compare.exit_code, 0) << compare.err;
    return ReadFile(dir_ / "out/compare.md").value_or("");
  }
  const TempDir dir_;
};

TEST_F(ComparedRuns, NameTheValuesInWhichTheirConfigsDiffer) {
  Run("before", "agent.susceptibility=0.3");
  Run("after", "agent.susceptibility=0.2");
  const std::string words = Compare("before", "after");
  EXPECT_THAT(words, HasSubstr("| `config: agent.susceptibility` | `0.3` | `0.2` |"));
  EXPECT_THAT(words, Not(HasSubstr("config: agent.competence")));
}

TEST_F(ComparedRuns, ThatAreOneAndTheSameAreNotDistinguishable) {
  Run("only", "agent.susceptibility=0.3");
  const std::string words = Compare("only", "only");
  EXPECT_THAT(words, HasSubstr("B is better in 0, worse in 0 and not distinguishable in 1 of 1 cell."))
      << "the arm without an attack is none of the cells whose attack success is asked";
  EXPECT_THAT(words, HasSubstr("Nothing that the runs record"));
}

TEST_F(ComparedRuns, WithoutACommonTaskAreTwoSamplesAndSaySo) {
  Run("few", "environment.tasks=[0, 1]");
  Run("others", "environment.tasks=[2, 3]");
  EXPECT_THAT(Compare("few", "others"), HasSubstr("the runs have no task in common"));
  EXPECT_THAT(ReadFile(dir_ / "out/compare.csv").value_or(""), HasSubstr(",separate_tasks,"));
}

TEST_F(ComparedRuns, OfOtherJudgesAreNotComparedOnAttackSuccess) {
  Run("strict", "judge.threshold=100");
  Run("loose", "judge.threshold=400");
  const std::string words = Compare("strict", "loose");
  EXPECT_THAT(words, HasSubstr("The judge differs, so attack success is not compared."));
  EXPECT_THAT(words, HasSubstr("threshold: 100 and 400"));
  EXPECT_THAT(words, HasSubstr("xsweep rejudge"));
}

TEST_F(ComparedRuns, AreNotFoundAtACommitThatTheIndexDoesNotKnow) {
  Run("only", "agent.susceptibility=0.3");
  const auto compare = Xsweep({"compare", "--commits", "deadbee", "deadbee", "--outdir", Root()});
  EXPECT_EQ(compare.exit_code, 2);
  EXPECT_THAT(compare.err, HasSubstr("the index has no run at commit deadbee"));
}

}  // namespace
}  // namespace xsweep
