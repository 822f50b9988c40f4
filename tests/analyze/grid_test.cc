// Grids: contrasts with controls, and a matrix in which blocking everything does not look good.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison/grid.h"

#include <gtest/gtest.h>

#include "analyze/rows.h"

namespace xsweep {
namespace {

class Grid : public ::testing::Test {
 protected:
  RunAggregate Read(HandMadeRun run) {
    const auto aggregate = AggregateRun(run.WriteTo(directory_, "run"));
    EXPECT_TRUE(aggregate) << aggregate.error().Text();
    return *aggregate;
  }
  static std::vector<std::string> Tasks(const std::string& trials) { return std::vector<std::string>(10, trials); }
  HandMadeRun AttacksByDefenses() {
    HandMadeRun run;
    run.Cell("a=1,d=none", Tasks("ss"), "loud", "none").Cell("a=1,d=wall", Tasks("rr"), "loud", "wall");
    run.Cell("a=2,d=none", Tasks("sr"), "sly", "none").Cell("a=2,d=wall", Tasks("sr"), "sly", "wall");
    run.Cell("d=none+no_attack", Tasks("++"), "none", "none", Arm::kNoAttack);
    run.Cell("d=wall+no_attack", Tasks("--"), "none", "wall", Arm::kNoAttack);
    for (CellRecord& cell : run.run.cells) {
      cell.axes = {{"attack.name", Json(cell.attack)}, {"defense.name", Json(cell.defense)}};
    }
    return run;
  }
  TemporaryDirectory directory_;
};

TEST_F(Grid, ComparesEachCellWithTheUndefendedOneOfItsAttack) {
  const ContrastTable table = ContrastWithControls(Read(AttacksByDefenses()));
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_EQ(table.rows[0].control, "a=1,d=none");
  EXPECT_EQ(table.rows[1].control, "a=2,d=none");
  EXPECT_DOUBLE_EQ(*table.rows[0].asr.difference, -1);
  EXPECT_DOUBLE_EQ(*table.rows[0].asr.p, 2.0 / 1024);
  EXPECT_DOUBLE_EQ(*table.rows[0].asr.adjusted_p, 2.0 / 1024) << "a contrast without any difference costs nothing";
  EXPECT_EQ(table.rows[0].asr.judgement, Judgement::kBetter);
  EXPECT_EQ(table.rows[1].asr.judgement, Judgement::kNotDistinguishable);
  EXPECT_EQ(table.rows[2].control, "d=none+no_attack");
  EXPECT_EQ(table.rows[2].task_success.judgement, Judgement::kWorse) << "blocking everything costs the tasks";
}

TEST_F(Grid, ComparesEachCellWithTheFirstWhereNothingIsDefended) {
  HandMadeRun run;
  run.Cell("t=1", Tasks("ss"), "loud", "none").Cell("t=2", Tasks("sr"), "loud", "none");
  run.Cell("t=3", Tasks("rr"), "loud", "none").Cell("no_attack", Tasks("++"), "none", "none", Arm::kNoAttack);
  const ContrastTable table = ContrastWithControls(Read(run));
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.controls, std::vector<std::string>{"t=1"});
  EXPECT_DOUBLE_EQ(*table.rows[1].asr.difference, -1);
}

TEST_F(Grid, KeepsTheRowOfACellWhosePayloadNobodySaw) {
  HandMadeRun run;
  run.Cell("d=none", Tasks("ss"), "loud", "none").Cell("d=wall", Tasks("nn"), "loud", "wall");
  const ContrastTable table = ContrastWithControls(Read(run));
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(table.rows[0].asr.judgement, Judgement::kNotComparable);
  EXPECT_FALSE(table.rows[0].asr.p);
}

TEST_F(Grid, ShowsTheWorstAttackAndTheUtilityLostByADefense) {
  const DefenseMatrix matrix = MakeDefenseMatrix(Read(AttacksByDefenses()));
  EXPECT_EQ(matrix.attacks, (std::vector<std::string>{"loud", "sly"}));
  EXPECT_EQ(matrix.defenses, (std::vector<std::string>{"none", "wall"}));
  EXPECT_EQ(*matrix.squares[1][0]->asr.value(), 0);
  EXPECT_EQ(matrix.worst_attacks[0], std::vector<std::size_t>{0});
  EXPECT_EQ(matrix.worst_attacks[1], std::vector<std::size_t>{1});
  EXPECT_EQ(*matrix.utility[0].value(), 1);
  EXPECT_EQ(*matrix.utility[1].value(), 0);
  EXPECT_TRUE(matrix.utility_without_attack[1]);
}

TEST_F(Grid, CallsNoOneOfEqualAttacksTheWorst) {
  HandMadeRun run;
  run.Cell("x", Tasks("sr"), "loud", "none").Cell("y", Tasks("rs"), "sly", "none");
  EXPECT_EQ(MakeDefenseMatrix(Read(run)).worst_attacks[0], (std::vector<std::size_t>{0, 1}));
}

TEST_F(Grid, CountsAnArmThatAJudgeAxisRepeatsOnce) {
  HandMadeRun run;
  run.Cell("j=1,d=wall", Tasks("rr"), "loud", "wall").Cell("j=2,d=wall", Tasks("rr"), "loud", "wall");
  run.Cell("j=1,d=wall+no_attack", Tasks("++"), "none", "wall", Arm::kNoAttack);
  run.Cell("j=2,d=wall+no_attack", Tasks("++"), "none", "wall", Arm::kNoAttack);
  EXPECT_EQ(MakeDefenseMatrix(Read(run)).utility[0].n, 20);
}

TEST_F(Grid, LeavesSquaresEmptyAndWorstAttacksUnknown) {
  HandMadeRun run;
  run.Cell("x", {"s"}, "loud", "none").Cell("y", {"ee"}, "sly", "wall");
  const DefenseMatrix matrix = MakeDefenseMatrix(Read(run));
  EXPECT_FALSE(matrix.squares[0][1]);
  EXPECT_TRUE(matrix.worst_attacks[1].empty());
  EXPECT_FALSE(matrix.utility[1].value());
}

TEST_F(Grid, WeighsTasksWithUnequalTrials) {
  HandMadeRun run;
  run.Cell("x", {"srss", "rr", "s"}, "a", "none").Cell("y", {"r", "rr", "sr"}, "a", "wall");
  const ContrastTable table = ContrastWithControls(Read(run));
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(table.rows[0].asr.tasks(), 3);
  EXPECT_EQ(table.rows[0].asr.judgement, Judgement::kNotDistinguishable);
}

}  // namespace
}  // namespace xsweep
