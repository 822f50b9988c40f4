// Two runs side by side: pairing, words, and refusals.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/compare.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "analyze/rows.h"

namespace xsweep {
namespace {

class TwoRuns : public ::testing::Test {
 protected:
  RunComparison Compare(HandMadeRun a, HandMadeRun b, const CompareOptions& options = {}) {
    const auto comparison = CompareRuns(a.WriteTo(directory_, "a"), b.WriteTo(directory_, "b"), options);
    EXPECT_TRUE(comparison) << comparison.error().Text();
    return *comparison;
  }
  static std::vector<std::string> Tasks(int count, const std::string& trials) {
    return std::vector<std::string>(static_cast<std::size_t>(count), trials);
  }
  static bool Has(const RunComparison& comparison, ObstacleKind kind) {
    return std::ranges::find(comparison.obstacles, kind, &Obstacle::kind) != comparison.obstacles.end();
  }
  TemporaryDirectory directory_;
};

TEST_F(TwoRuns, AreBetterWhenAttacksSucceedLess) {
  const RunComparison comparison =
      Compare(HandMadeRun().Cell("base", Tasks(20, "ssrr")), HandMadeRun().Cell("base", Tasks(20, "srrr")));
  ASSERT_TRUE(comparison.comparable());
  const Difference& asr = comparison.cells.at(0).asr;
  EXPECT_EQ(asr.pairing, Pairing::kByTask);
  EXPECT_EQ(asr.pairs, 80);
  EXPECT_EQ(asr.only_a, 20);
  EXPECT_EQ(asr.only_b, 0);
  EXPECT_DOUBLE_EQ(*asr.difference, -0.25);
  EXPECT_EQ(asr.judgement, Judgement::kBetter);
  EXPECT_EQ(comparison.cells.at(0).task_success.judgement, Judgement::kNotComparable);
}

TEST_F(TwoRuns, AreWorseTheOtherWayRoundAndNameTheTrials) {
  const RunComparison comparison =
      Compare(HandMadeRun().Cell("base", Tasks(20, "srrr")), HandMadeRun().Cell("base", Tasks(20, "ssrr")));
  EXPECT_EQ(comparison.cells.at(0).asr.judgement, Judgement::kWorse);
  EXPECT_EQ(comparison.discordant_total, 20);
  EXPECT_EQ(comparison.discordant.at(1).task, "t1");
  EXPECT_EQ(comparison.discordant.at(1).trial, 1U);
  EXPECT_EQ(comparison.discordant.at(1).b, Outcome::kAttackSucceeded);
}

TEST_F(TwoRuns, AreNotDistinguishableWhenEqualAndSayWhatCouldHaveBeenSeen) {
  const RunComparison comparison =
      Compare(HandMadeRun().Cell("base", Tasks(10, "sr")), HandMadeRun().Cell("base", Tasks(10, "sr")));
  const Difference& asr = comparison.cells.at(0).asr;
  EXPECT_EQ(asr.judgement, Judgement::kNotDistinguishable);
  EXPECT_EQ(*asr.difference, 0);
  ASSERT_TRUE(asr.detectable);
  EXPECT_GT(*asr.detectable, 0.1);
}

TEST_F(TwoRuns, AreNotComparableWhereNobodySawThePayload) {
  const RunComparison comparison =
      Compare(HandMadeRun().Cell("base", Tasks(20, "ssrr")), HandMadeRun().Cell("base", Tasks(20, "nnnn")));
  const Difference& asr = comparison.cells.at(0).asr;
  EXPECT_EQ(asr.judgement, Judgement::kNotComparable) << "not a defense that stopped everything";
  EXPECT_FALSE(asr.b.value());
  EXPECT_FALSE(asr.difference);
}

TEST_F(TwoRuns, SayWhichTrialsAreInNoRateAndWhichWereNeverTested) {
  const RunComparison comparison =
      Compare(HandMadeRun().Cell("base", Tasks(20, "ssrr")), HandMadeRun().Cell("base", Tasks(20, "nsek")));
  ASSERT_NE(comparison.Find(ObstacleKind::kLost), nullptr);
  EXPECT_TRUE(
      comparison.Find(ObstacleKind::kLost)
          ->message.starts_with("0 of 80 trials of the first run and 40 of 80 of the second ended in an error"));
  ASSERT_NE(comparison.Find(ObstacleKind::kUndelivered), nullptr);
  EXPECT_TRUE(comparison.Find(ObstacleKind::kUndelivered)
                  ->message.starts_with("0 of 80 attacks of the first run and 20 of 40 of the second were never"));
  EXPECT_TRUE(comparison.comparable());
  const HandMadeRun whole = HandMadeRun().Cell("base", Tasks(20, "ssrr"));
  EXPECT_TRUE(Compare(whole, whole).obstacles.empty());
}

TEST_F(TwoRuns, PairOnlyTrialsThatCountInBoth) {
  const RunComparison comparison =
      Compare(HandMadeRun().Cell("base", {"ssre", "rrrr"}), HandMadeRun().Cell("base", {"esrr", "rrrr"}));
  EXPECT_EQ(comparison.cells.at(0).asr.pairs, 6);
}

TEST_F(TwoRuns, ArePairedByTaskWhateverTheirSeeds) {
  HandMadeRun a, b, other_seeds;
  a.Cell("base", Tasks(20, "ssrr"));
  b.Cell("base", Tasks(20, "srrr"));
  other_seeds = b;
  for (Trial& trial : other_seeds.trials) trial.seed = 99;
  const Difference same = Compare(a, b).cells.at(0).asr;
  const Difference other = Compare(a, other_seeds).cells.at(0).asr;
  EXPECT_EQ(other.pairing, Pairing::kByTask);
  EXPECT_EQ(other.p, same.p);
  EXPECT_EQ(other.bounds95, same.bounds95);
  EXPECT_EQ(other.pairs, 0);
}

TEST_F(TwoRuns, WhoseTasksFallWholeAreNotDistinguishableByTheirManyTrials) {
  std::vector<std::string> a(38, "rrrrrrrrrrrrrrr"), b = a;
  for (std::size_t i = 0; i < 16; ++i) a[i] = "sssssssssssssss";
  for (std::size_t i = 16; i < 38; ++i) b[i] = "sssssssssssssss";
  HandMadeRun other;
  other.Cell("base", b);
  for (Trial& trial : other.trials) trial.seed = 99;
  const Difference asr = Compare(HandMadeRun().Cell("base", a), other).cells.at(0).asr;
  EXPECT_GT(*asr.p, 0.3);
  EXPECT_EQ(asr.judgement, Judgement::kNotDistinguishable);
}

TEST_F(TwoRuns, PairEqualAgentsNoWorseThanSlightlyWorseOnes) {
  const HandMadeRun before = HandMadeRun().Cell("base", Tasks(38, "rrrrrrrrrrrrrrr"));
  std::vector<std::string> one_fell = Tasks(38, "rrrrrrrrrrrrrrr");
  one_fell[0] = "srrrrrrrrrrrrrr";
  const Difference same = Compare(before, before).cells.at(0).asr;
  const Difference worse = Compare(before, HandMadeRun().Cell("base", one_fell)).cells.at(0).asr;
  EXPECT_LE(same.drawn95->high, worse.drawn95->high);
}

TEST_F(TwoRuns, NeverPrintAnIntervalThatContradictsItsP) {
  // 12 tasks lost and 4 won of 50: the sign flips say p 0.077, the t interval alone would leave out 0.
  std::vector<std::string> a = Tasks(50, "r"), b = a;
  for (std::size_t i = 0; i < 12; ++i) a[i] = "s";
  for (std::size_t i = 12; i < 16; ++i) b[i] = "s";
  const Difference asr = Compare(HandMadeRun().Cell("base", a), HandMadeRun().Cell("base", b)).cells.at(0).asr;
  EXPECT_NEAR(*asr.sign_flip_p, 0.0768, 0.001);
  EXPECT_GE(asr.bounds95->high, 0);
  EXPECT_EQ(asr.judgement, Judgement::kNotDistinguishable);
}

TEST_F(TwoRuns, DoNotPassOtherTasksOffAsADifference) {
  // One easy task eight times against three: only the common task may count, and it shows nothing.
  HandMadeRun few;
  few.Cell("base", {"srsrsrsr"});
  HandMadeRun many;
  many.Cell("base", {"ssss", "ssss", "ssss"});
  for (Trial& trial : many.trials) trial.seed = 99;
  const RunComparison comparison = Compare(few, many);
  const Difference& asr = comparison.cells.at(0).asr;
  EXPECT_EQ(asr.pairing, Pairing::kTheseTasks);
  EXPECT_EQ(asr.tasks(), 1);
  EXPECT_EQ(asr.unused_tasks, 2);
  EXPECT_EQ(asr.judgement, Judgement::kNotDistinguishable);
  EXPECT_TRUE(Has(comparison, ObstacleKind::kOtherTasks));
}

TEST_F(TwoRuns, WithoutACommonTaskAreTwoSamples) {
  HandMadeRun other;
  other.Cell("base", Tasks(10, "rrrr"));
  for (Trial& trial : other.trials) trial.task += "_other", trial.task_hash = "hash_" + trial.task;
  const RunComparison comparison = Compare(HandMadeRun().Cell("base", Tasks(10, "ssss")), other);
  const Difference& asr = comparison.cells.at(0).asr;
  EXPECT_EQ(asr.pairing, Pairing::kSeparateTasks);
  EXPECT_FALSE(asr.p);
  EXPECT_EQ(asr.judgement, Judgement::kBetter);
  EXPECT_TRUE(Has(comparison, ObstacleKind::kNoCommonTask));
}

TEST_F(TwoRuns, OfOtherJudgesAreNotComparedOnAttackSuccess) {
  HandMadeRun a, b;
  a.Cell("base", Tasks(20, "ssss"));
  b.Cell("base", Tasks(20, "rrrr"));
  for (Trial& trial : a.trials) trial.judge_hash = "aaaaaaaaaaaaaaaa";
  for (Trial& trial : b.trials) trial.judge_hash = "bbbbbbbbbbbbbbbb";
  const RunComparison comparison = Compare(a, b);
  ASSERT_NE(comparison.Find(ObstacleKind::kJudge), nullptr);
  EXPECT_NE(comparison.Find(ObstacleKind::kJudge)->message.find("rejudge"), std::string::npos);
  EXPECT_EQ(comparison.cells.at(0).asr.judgement, Judgement::kNotComparable);
  EXPECT_FALSE(comparison.facts.empty()) << "that nothing differs would be untrue";
}

/// `b` judged the dialogues of `a` again.
void JudgeAgainOf(HandMadeRun& a, HandMadeRun& b) {
  for (Trial& trial : a.trials) trial.judge_hash = "aaaaaaaaaaaaaaaa";
  for (Trial& trial : b.trials) trial.judge_hash = "bbbbbbbbbbbbbbbb";
  b.run.dialogues_of = a.run.run_id;
  b.run.run_id += ".2";
}

TEST_F(TwoRuns, OfOtherJudgesOverTheSameDialoguesCompareJudges) {
  HandMadeRun a, b;
  a.Cell("base", Tasks(20, "ssss"));
  b.Cell("base", Tasks(20, "rrrr"));
  JudgeAgainOf(a, b);
  CompareOptions spelled_out;
  spelled_out.parts = {{PartSide::kAttack, "stop_at_success: - and true"}};
  const RunComparison comparison = Compare(a, b, spelled_out);
  EXPECT_TRUE(comparison.same_dialogues);
  ASSERT_NE(comparison.Find(ObstacleKind::kJudge), nullptr);
  EXPECT_FALSE(comparison.Find(ObstacleKind::kJudge)->fatal);
  EXPECT_EQ(comparison.cells.at(0).asr.judgement, Judgement::kBetter);
  EXPECT_EQ(comparison.Find(ObstacleKind::kAttack), nullptr);
  EXPECT_EQ(comparison.Find(ObstacleKind::kDefense), nullptr);
  HandMadeRun of_another = b;
  of_another.run.dialogues_of = "another";
  EXPECT_EQ(Compare(a, of_another).cells.at(0).asr.judgement, Judgement::kNotComparable);
}

TEST_F(TwoRuns, OfOneTaskAndTheSameDialoguesArePairedOneByOne) {
  // Seven of 24 dialogues judged otherwise, all in one direction: McNemar's exact test sees 2 / 2^7, while two samples
  // of 12 against 5 in 24 tell nobody anything.
  HandMadeRun a, b;
  a.Cell("base", {"ssssssssssssrrrrrrrrrrrr"});
  b.Cell("base", {"sssssrrrrrrrrrrrrrrrrrrr"});
  const Difference apart = Compare(a, b).cells.at(0).asr;
  EXPECT_EQ(apart.pairing, Pairing::kTheseTasks);
  JudgeAgainOf(a, b);
  const Difference paired = Compare(a, b).cells.at(0).asr;
  EXPECT_EQ(paired.pairing, Pairing::kSameDialogues);
  EXPECT_EQ(paired.only_a, 7);
  EXPECT_EQ(paired.only_b, 0);
  EXPECT_DOUBLE_EQ(*paired.exact_p, 2.0 / 128);
  EXPECT_LT(*paired.exact_p, *apart.exact_p);
  EXPECT_LT(paired.bounds95->high - paired.bounds95->low, apart.bounds95->high - apart.bounds95->low);
  EXPECT_DOUBLE_EQ(*paired.difference, -7.0 / 24);
}

TEST_F(TwoRuns, OfOtherPayloadsCompareAttacks) {
  HandMadeRun a, b;
  a.Cell("base", Tasks(6, "ss"));
  b.Cell("base", Tasks(6, "rr"));
  for (Trial& trial : a.trials) trial.payload_hash = "aaaaaaaaaaaaaaaa";
  for (Trial& trial : b.trials) trial.payload_hash = "bbbbbbbbbbbbbbbb";
  const RunComparison comparison = Compare(a, b);
  ASSERT_NE(comparison.Find(ObstacleKind::kAttack), nullptr);
  EXPECT_NE(comparison.Find(ObstacleKind::kAttack)->message.find("compares attacks"), std::string::npos);
}

TEST_F(TwoRuns, AreComparedWithAWarningWhenOneDoesNotSayWhatItsTasksHeld) {
  HandMadeRun older;
  older.Cell("base", {"s"}).trials[0].task_hash.clear();
  const RunComparison comparison = Compare(HandMadeRun().Cell("base", {"s"}), older);
  EXPECT_TRUE(Has(comparison, ObstacleKind::kTasks));
  EXPECT_TRUE(comparison.comparable());
}

TEST_F(TwoRuns, OfFiveTasksCouldHaveSeenNoDifference) {
  const RunComparison five =
      Compare(HandMadeRun().Cell("base", Tasks(5, "ssss")), HandMadeRun().Cell("base", Tasks(5, "rrrr")));
  EXPECT_EQ(five.cells.at(0).asr.judgement, Judgement::kNotDistinguishable);
  EXPECT_FALSE(five.cells.at(0).asr.detectable);
  const RunComparison six =
      Compare(HandMadeRun().Cell("base", Tasks(6, "ssss")), HandMadeRun().Cell("base", Tasks(6, "rrrr")));
  EXPECT_EQ(six.cells.at(0).asr.judgement, Judgement::kBetter);
}

TEST_F(TwoRuns, OfOneTaskSpeakOfThatTask) {
  const RunComparison comparison =
      Compare(HandMadeRun().Cell("base", {"ssssssssssrr"}), HandMadeRun().Cell("base", {"rrrrrrrrrrrr"}));
  const Difference& asr = comparison.cells.at(0).asr;
  EXPECT_EQ(asr.pairing, Pairing::kTheseTasks);
  EXPECT_EQ(*asr.p, *asr.exact_p);
  EXPECT_EQ(asr.judgement, Judgement::kBetter);
}

TEST_F(TwoRuns, AdjustOverAllCells) {
  HandMadeRun a, b;
  for (const char* cell : {"x=1", "x=2", "x=3"}) {
    a.Cell(cell, Tasks(8, "sr"));
    b.Cell(cell, Tasks(8, "rr"));
  }
  const Difference asr = Compare(a, b).cells.at(0).asr;
  EXPECT_DOUBLE_EQ(*asr.p, 2.0 / 256);
  EXPECT_DOUBLE_EQ(*asr.adjusted_p, 2.0 / 256) << "three times the same contrast is one contrast";
}

TEST_F(TwoRuns, ListCellsThatOneOfThemLacks) {
  const RunComparison comparison =
      Compare(HandMadeRun().Cell("x=1", {"s"}).Cell("x=2", {"s"}), HandMadeRun().Cell("x=2", {"s"}).Cell("x=3", {"r"}));
  EXPECT_EQ(comparison.only_in_a, std::vector<std::string>{"x=1"});
  EXPECT_EQ(comparison.only_in_b, std::vector<std::string>{"x=3"});
  EXPECT_EQ(comparison.cells.size(), 1U);
  EXPECT_TRUE(Has(comparison, ObstacleKind::kMissingCells));
}

TEST_F(TwoRuns, AreRefusedWithOtherDataOtherTasksOrNoCommonCell) {
  HandMadeRun other_data;
  other_data.Cell("base", {"s"}).run.environment_data_sha256 = "11";
  EXPECT_TRUE(Has(Compare(HandMadeRun().Cell("base", {"s"}), other_data), ObstacleKind::kData));

  HandMadeRun other_task;
  other_task.Cell("base", {"s"}).trials[0].task_hash = "changed";
  const RunComparison changed = Compare(HandMadeRun().Cell("base", {"s"}), other_task);
  EXPECT_TRUE(Has(changed, ObstacleKind::kTasks));
  EXPECT_FALSE(changed.comparable());
  EXPECT_TRUE(changed.cells.empty());

  const RunComparison apart = Compare(HandMadeRun().Cell("x=1", {"s"}), HandMadeRun().Cell("x=2", {"s"}));
  EXPECT_TRUE(Has(apart, ObstacleKind::kNoCommonCell));
}

TEST_F(TwoRuns, ListTheFactsInWhichTheyDiffer) {
  HandMadeRun later;
  later.Cell("base", {"s"}).run.git.sha = "def5678";
  const RunComparison comparison = Compare(HandMadeRun().Cell("base", {"s"}), later);
  ASSERT_EQ(comparison.facts.size(), 1U);
  EXPECT_EQ(comparison.facts[0].fact, "git commit");
  EXPECT_EQ(comparison.facts[0].a, "-");
}

TEST_F(TwoRuns, MayBothBeAllErrors) {
  const RunComparison comparison = Compare(HandMadeRun().Cell("base", {"ee"}), HandMadeRun().Cell("base", {"ee"}));
  const Difference& asr = comparison.cells.at(0).asr;
  EXPECT_EQ(asr.judgement, Judgement::kNotComparable);
  EXPECT_FALSE(asr.difference);
}

}  // namespace
}  // namespace xsweep
