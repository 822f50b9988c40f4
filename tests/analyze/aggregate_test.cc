// Rates of whole runs, and the odd runs: none gives NaN, a crash or a confident number.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/aggregate.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "analyze/rows.h"
#include "analyze/run_facts.h"

namespace xsweep {
namespace {

class HandMadeRuns : public ::testing::Test {
 protected:
  RunAggregate Read(HandMadeRun run) {
    const auto aggregate = AggregateRun(run.WriteTo(directory_, "run"));
    EXPECT_TRUE(aggregate) << aggregate.error().Text();
    return *aggregate;
  }
  TemporaryDirectory directory_;
};

TEST_F(HandMadeRuns, KeepBlockedAndUnexposedTrialsInTheDenominatorAndErrorsOut) {
  const RunAggregate run = Read(HandMadeRun().Cell("base", {"srbn", "ssek"}));
  const CellAggregate& cell = run.cells.at(0);
  EXPECT_EQ(cell.asr.successes, 3);
  EXPECT_EQ(cell.asr.n, 6);
  EXPECT_EQ(cell.asr_exposed.n, 5);
  EXPECT_EQ(cell.error_rate.successes, 1);
  EXPECT_EQ(cell.error_rate.n, 7);
  EXPECT_EQ(cell.task_success.n, 0);
  EXPECT_EQ(cell.asr.basis(), Basis::kTasksAsDrawn);
  EXPECT_EQ(cell.tasks.at(1).tally.of(Outcome::kSkipped), 1);
}

TEST_F(HandMadeRuns, TakeNamesAndAxesFromRunJson) {
  HandMadeRun run;
  run.Cell("defense.name=guard,judge.threshold=100", {"s"}, "escalating", "guard");
  run.run.cells[0].axes = {{"defense.name", Json("guard")}, {"judge.threshold", Json(100)}};
  const CellAggregate cell = Read(run).cells.at(0);
  EXPECT_EQ(cell.attack, "escalating");
  EXPECT_EQ(cell.axes,
            (std::vector<std::pair<std::string, std::string>>{{"defense.name", "guard"}, {"judge.threshold", "100"}}));
}

TEST_F(HandMadeRuns, ReadAxesFromCellIdsWithoutRunJson) {
  const auto run = AggregateRows(directory_.Write(
      "rows.jsonl", HandMadeRun().Cell("defense.name=guard,judge.threshold=100+no_attack", {"+"}).Rows()));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->cells.at(0).arm, Arm::kNoAttack);
  EXPECT_EQ(run->cells.at(0).defense, "guard");
  EXPECT_EQ(run->cells.at(0).axes.at(1).second, "100");
}

TEST_F(HandMadeRuns, HaveNoRateWithoutExposure) {
  const RunAggregate run = Read(HandMadeRun().Cell("base", {"nnn", "nnn"}).Cell("seen", {"ns", "nn"}));
  const CellAggregate& cell = run.cells.at(0);
  EXPECT_FALSE(cell.asr.value());
  EXPECT_EQ(cell.tally.attacked(), 6) << "they are counted all the same";
  EXPECT_FALSE(cell.asr_exposed.value());
  EXPECT_FALSE(cell.asr_exposed.bounds95());
}

TEST_F(HandMadeRuns, HaveNoRateWhenAllTrialsAreErrors) {
  const RunAggregate run = Read(HandMadeRun().Cell("base", {"eee", "eee"}));
  EXPECT_FALSE(run.cells.at(0).asr.value());
  EXPECT_FALSE(run.cells.at(0).repeats.flip_rate);
  EXPECT_TRUE(run.cells.at(0).pass_k.empty());
  EXPECT_EQ(*run.error_rate.value(), 1);
}

TEST_F(HandMadeRuns, SayNothingAboutOtherTasksFromOneTask) {
  const CellAggregate cell = Read(HandMadeRun().Cell("base", {"srsrsr"})).cells.at(0);
  EXPECT_FALSE(cell.asr.drawn95);
  EXPECT_EQ(cell.asr.basis(), Basis::kTheseTasks);
  EXPECT_FALSE(cell.repeats.icc);
}

TEST_F(HandMadeRuns, KeepOneTrialWide) {
  const CellAggregate cell = Read(HandMadeRun().Cell("base", {"s"})).cells.at(0);
  EXPECT_LT(cell.asr.bounds95()->low, 0.21);
  EXPECT_EQ(cell.asr.bounds95()->high, 1);
}

TEST_F(HandMadeRuns, AreNotSurerOfOtherTasksThanOfThese) {
  const CellAggregate cell = Read(HandMadeRun().Cell("base", std::vector<std::string>(20, "rrrrr"))).cells.at(0);
  ASSERT_TRUE(cell.asr.drawn95);
  EXPECT_DOUBLE_EQ(cell.asr.these95->high, stats::Wilson({0, 100})->high);
  EXPECT_GT(cell.asr.drawn95->high, 2 * cell.asr.these95->high);
  EXPECT_FALSE(cell.repeats.icc);
  EXPECT_EQ(*cell.repeats.flip_rate, 0);
}

TEST_F(HandMadeRuns, TakeTasksWithUnequalTrials) {
  const CellAggregate cell = Read(HandMadeRun().Cell("base", {"s", "rrrr", "sr"})).cells.at(0);
  EXPECT_EQ(cell.asr.n, 7);
  EXPECT_DOUBLE_EQ(*cell.asr.value(), 0.5) << "a mean over tasks, not 2 of 7";
  EXPECT_TRUE(cell.asr.mean_over_tasks());
  EXPECT_GT(cell.asr.bounds95()->high, cell.asr.bounds95()->low);
}

TEST_F(HandMadeRuns, GivePassPowersAsFarAsEveryTaskGoes) {
  const CellAggregate cell = Read(HandMadeRun().Cell("base+no_attack", {"++--", "+++"})).cells.at(0);
  ASSERT_EQ(cell.pass_k.size(), 3U);
  EXPECT_DOUBLE_EQ(cell.pass_k[1].value, (1.0 / 6 + 1) / 2);
  EXPECT_EQ(cell.asr.n, 0);
}

TEST_F(HandMadeRuns, AreReadFromTheirShardsBeforeTheyAreSealed) {
  HandMadeRun run;
  run.Cell("base", {"sr", "rr"});
  run.run.planned = run.trials.size();
  run.run.status = RunStatus::kRunning;
  directory_.Write("open/run.json", run.run.ToJson().Dump());
  directory_.Write("open/shards/0.jsonl", run.Rows() + "{\"index\":9,\"ce");
  const auto aggregate = AggregateRun((directory_.path() / "open").string());
  ASSERT_TRUE(aggregate) << aggregate.error().Text();
  EXPECT_EQ(aggregate->cells.at(0).asr.n, 4);
}

/// Two tasks of two trials as a file has them that goes through its tasks once for each trial.
HandMadeRun TrialByTrial() {
  HandMadeRun run;
  run.Cell("base", {"sr", "rr"});
  std::swap(run.trials[1], run.trials[2]);
  for (std::size_t i = 0; i < run.trials.size(); ++i) run.trials[i].index = i;
  run.run.tasks = {"t0", "t1"};
  run.run.trials = 2;
  return run;
}

TEST_F(HandMadeRuns, OfAnImportMayHaveTheOrderOfTheirSource) {
  HandMadeRun run = TrialByTrial();
  EXPECT_EQ(Read(run).defects.size(), 2U) << "a run's own rows lie in the order of its plan";
  run.run.imported = Json::MakeObject({{"format", "facts"}});
  const RunAggregate aggregate = Read(run);
  EXPECT_TRUE(aggregate.defects.empty()) << aggregate.defects.front();
  EXPECT_EQ(aggregate.rows, 4);
}

TEST_F(HandMadeRuns, OfAnImportHaveNoRowsOfAnother) {
  const auto rows_left = [&](const std::function<void(Trial&)>& change) {
    HandMadeRun run = TrialByTrial();
    run.run.imported = Json::MakeObject({{"format", "facts"}});
    change(run.trials[1]);
    const RunAggregate aggregate = Read(run);
    EXPECT_FALSE(aggregate.defects.empty());
    return aggregate.rows;
  };
  EXPECT_EQ(rows_left([](Trial& row) { row.cell = "other"; }), 3);
  EXPECT_EQ(rows_left([](Trial& row) { row.task = "t2"; }), 3);
  EXPECT_EQ(rows_left([](Trial& row) { row.seed = 42; }), 3);
  EXPECT_EQ(rows_left([](Trial& row) { row.trial = 2; }), 3);
  EXPECT_EQ(rows_left([](Trial& row) { row.index = 4; }), 3);
}

TEST_F(HandMadeRuns, SayNothingOfRepeatsWhereThereIsNoRate) {
  const CellAggregate cell = Read(HandMadeRun().Cell("base", {"nnn", "nnn"})).cells.at(0);
  EXPECT_FALSE(cell.repeats.flip_rate) << "0 % for an N/A cell is a number about nothing";
  EXPECT_FALSE(cell.repeats.icc);
}

TEST_F(HandMadeRuns, AreNotSurerOfASeedThanOfTheWhole) {
  HandMadeRun run;
  run.Cell("base", std::vector<std::string>(12, "rrrrrrrr"));
  for (Trial& trial : run.trials) trial.seed = 41 + trial.trial % 4;
  const CellAggregate cell = Read(run).cells.at(0);
  ASSERT_EQ(cell.seeds.size(), 4U);
  for (const SeedAggregate& seed : cell.seeds) {
    EXPECT_GE(seed.asr.bounds95()->high, cell.asr.bounds95()->high);
    EXPECT_EQ(seed.asr.n, 24);
  }
}

TEST_F(HandMadeRuns, LetNoBoundOfASeedFallWhereASuccessIsAdded) {
  double asr = 0;
  double exposed = 0;
  for (std::size_t successes = 0; successes <= 10; ++successes) {
    std::vector<std::string> tasks(10, "rrrrrrrrrr");
    for (std::size_t task = 0; task < successes; ++task) tasks[task][0] = 's';
    HandMadeRun run;
    run.Cell("base", tasks);
    for (Trial& trial : run.trials) trial.seed = 41 + trial.trial % 2;
    const SeedAggregate seed = Read(run).cells.at(0).seeds.at(0);
    EXPECT_EQ(seed.asr_exposed.n, 50);
    EXPECT_GE(seed.asr.bounds95()->high, asr) << successes;
    EXPECT_GE(seed.asr_exposed.bounds95()->high, exposed) << successes;
    asr = seed.asr.bounds95()->high;
    exposed = seed.asr_exposed.bounds95()->high;
  }
}

TEST_F(HandMadeRuns, SplitTheVarianceOfBalancedTrialsOnly) {
  HandMadeRun balanced;
  balanced.Cell("base", {"srsr", "ssss", "rrsr"});
  for (Trial& trial : balanced.trials) trial.seed = 41 + trial.trial % 2;
  EXPECT_TRUE(Read(balanced).cells.at(0).repeats.shares);
  HandMadeRun ragged;
  ragged.Cell("base", {"srsr", "sss", "rrsr"});
  for (Trial& trial : ragged.trials) trial.seed = 41 + trial.trial % 2;
  EXPECT_FALSE(Read(ragged).cells.at(0).repeats.shares);
}

TEST_F(HandMadeRuns, SpeakOfTheWorstDefendedCellAndNameTheControl) {
  HandMadeRun run;
  run.Cell("d=none", {"ss", "ss"}, "a", "none").Cell("d=x", {"rr", "sr"}, "a", "x").Cell("d=y", {"rr", "rr"}, "a", "y");
  run.Cell("d=x+no_attack", {"++", "+-"}, "none", "x", Arm::kNoAttack);
  const RunAggregate aggregate = Read(run);
  const RunFacts facts = FactsOf(aggregate);
  EXPECT_EQ(facts.worst->id, "d=x");
  EXPECT_TRUE(facts.defended);
  EXPECT_EQ(facts.candidates, 2);
  EXPECT_EQ(facts.control->id, "d=none");
  EXPECT_EQ(facts.utility()->id, "d=x+no_attack");
}

TEST_F(HandMadeRuns, WithoutAnAttackSpeakOfTaskSuccess) {
  const RunAggregate aggregate = Read(HandMadeRun().Cell("base", {"++", "+-"}, "none", "none"));
  const RunFacts facts = FactsOf(aggregate);
  EXPECT_EQ(facts.worst, nullptr);
  EXPECT_EQ(facts.utility()->id, "base");
}

TEST_F(HandMadeRuns, NeverCallAControlTheirWorstDefendedCell) {
  // The defended cell never saw the payload; the added arm without a defense fell each time.
  HandMadeRun run;
  run.Cell("base", {"nn", "nn"}, "a", "x").Cell("base+no_defense", {"ss", "ss"}, "a", "none", Arm::kNoDefense);
  const RunAggregate aggregate = Read(run);
  const RunFacts facts = FactsOf(aggregate);
  EXPECT_EQ(facts.worst->id, "base");
  EXPECT_FALSE(facts.worst->asr.value());
  EXPECT_EQ(facts.control->id, "base+no_defense");
}

TEST(RunAggregates, NeedARunDirectory) {
  const auto run = AggregateRun("/nonexistent/run");
  ASSERT_FALSE(run);
  EXPECT_NE(run.error().Text().find("/nonexistent/run"), std::string::npos);
}

}  // namespace
}  // namespace xsweep
