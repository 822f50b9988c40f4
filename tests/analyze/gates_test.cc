// Gates: what is read, and when they pass, fail or cannot tell.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/gates/gates.h"
#include "words/exit_code.h"

#include <gtest/gtest.h>

#include "analyze/rows.h"
#include "base/draw.h"
#include "words/exit_code.h"

namespace xsweep {
namespace {

TEST(GateParser, ReadsEveryForm) {
  const auto plain = ParseGate("error_rate<5%");
  ASSERT_TRUE(plain) << plain.error().Text();
  EXPECT_EQ(plain->rate, GateRate::kErrorRate);
  EXPECT_EQ(plain->bound, GateBound::kValue);
  EXPECT_DOUBLE_EQ(plain->threshold, 0.05);
  const auto versus = ParseGate(" asr.delta_upper95 <= 0.03 vs results/e/latest ");
  ASSERT_TRUE(versus) << versus.error().Text();
  EXPECT_EQ(versus->order, GateOrder::kLessOrEqual);
  EXPECT_EQ(versus->bound, GateBound::kDeltaUpper95);
  EXPECT_EQ(versus->versus, "results/e/latest");
  const auto full =
      ParseGate("asr[these_tasks].upper95 < 10% with sequential, max_rounds 50, looks fresh, errors as_seen");
  ASSERT_TRUE(full) << full.error().Text();
  EXPECT_EQ(full->target, Basis::kTheseTasks);
  EXPECT_TRUE(full->sequential && full->fresh_looks && full->errors_as_seen);
  EXPECT_EQ(full->max_rounds, 50);
  const auto tries = ParseGate("asr@10.upper95 < 0.2 with icc 1");
  ASSERT_TRUE(tries) << tries.error().Text();
  EXPECT_EQ(tries->k, 10);
  EXPECT_TRUE(tries->all_alike);
  const auto allowed = ParseGate("asr.delta_upper95 < 0.03 vs latest with allow defense, allow attack");
  ASSERT_TRUE(allowed) << allowed.error().Text();
  EXPECT_EQ(allowed->versus, "latest");
  EXPECT_EQ(allowed->allowed, (std::vector<PartSide>{PartSide::kDefense, PartSide::kAttack}));
}

void ExpectError(const char* text, const char* column, const char* words) {
  const auto gate = ParseGate(text, "a.yaml");
  ASSERT_FALSE(gate) << text;
  EXPECT_EQ(gate.error().where, std::string("a.yaml:1:") + column) << text;
  EXPECT_NE(gate.error().message.find(words), std::string::npos) << gate.error().message;
}

TEST(GateParser, NamesTheColumnAndSuggests) {
  ExpectError("", "1", "known");
  ExpectError("asr_exposd < 0.1", "1", "did you mean `asr_exposed`");
  ExpectError("asr.uper95 < 0.1", "5", "did you mean `upper95`");
  ExpectError("asr.upper95 = 0.1", "13", "expected <");
  ExpectError("asr.upper95 < a lot", "15", "expected a number");
  ExpectError("asr.upper95 < 10", "15", "[0, 1]");
  ExpectError("asr.upper95 < 0.1 versus x", "19", "vs RUN");
  ExpectError("asr.delta_upper95 < 0.1", "5", "add `vs RUN`");
  ExpectError("asr.upper95 < 0.1 vs latest", "5", "needs a delta");
  ExpectError("error_rate.delta < 0.1 vs latest", "1", "only asr");
  ExpectError("asr.delta < 0.1 vs  ", "21", "expected a run");
  ExpectError("asr[these_task].upper95 < 0.1", "5", "did you mean `these_tasks`");
  ExpectError("asr@0.upper95 < 0.1", "5", "number of trials");
  ExpectError("asr.upper95 < 0.1 with sequentially", "24", "did you mean `sequential`");
  ExpectError("asr@10.upper95 < 0.2 with icc 1 x", "33", "a comma between options");
  ExpectError("asr@10.upper95 < 0.2 with icc 1;", "32", "a comma between options");
  ExpectError("asr@10.upper95 < 0.2 with icc 1,", "33", "");
}

class Gates : public ::testing::Test {
 protected:
  GateReport Evaluate(HandMadeRun run, const std::string& text, std::optional<double> max_error_rate = 0.5) {
    auto aggregate = AggregateRun(run.WriteTo(directory_, "run"));
    EXPECT_TRUE(aggregate) << aggregate.error().Text();
    aggregate->unfinished = unfinished_;
    aggregate->run.tasks.resize(planned_tasks_);
    const auto gate = ParseGate(text);
    EXPECT_TRUE(gate) << gate.error().Text();
    GateSurroundings around;
    around.max_error_rate = max_error_rate;
    around.compare_with = [this](const std::string& name) {
      return CompareRuns((directory_.path() / name).string(), (directory_.path() / "run").string());
    };
    around.earlier_looks = [this](const Gate&) { return earlier_looks_; };
    around.afterwards = [this](const Gate&) { return afterwards_; };
    return EvaluateGates({*gate}, *aggregate, around);
  }
  static std::vector<std::string> Tasks(int count, const std::string& trials) {
    return std::vector<std::string>(static_cast<std::size_t>(count), trials);
  }
  TemporaryDirectory directory_;
  std::uint64_t unfinished_ = 0;
  std::size_t planned_tasks_ = 0;
  std::int64_t earlier_looks_ = 0;
  bool afterwards_ = false;
};

TEST_F(Gates, NeverPassZeroOfTwelveAtFivePercent) {
  for (const auto& tasks : {Tasks(12, "r"), Tasks(1, "rrrrrrrrrrrr"), Tasks(4, "rrr")}) {
    const GateReport report = Evaluate(HandMadeRun().Cell("base", tasks), "asr.upper95 < 0.05");
    EXPECT_EQ(report.verdict, GateVerdict::kInsufficient);
  }
}

TEST_F(Gates, SayThatOneTaskSpeaksOfItselfOnly) {
  const HandMadeRun run = HandMadeRun().Cell("base", {std::string(80, 'r')});
  const GateReport drawn = Evaluate(run, "asr.upper95 < 0.05");
  EXPECT_EQ(drawn.verdict, GateVerdict::kInsufficient);
  EXPECT_NE(drawn.results[0].explanation.find("for this task alone it would PASS"), std::string::npos);
  EXPECT_EQ(Evaluate(run, "asr[these_tasks].upper95 < 0.05").verdict, GateVerdict::kPass);
}

TEST_F(Gates, NeverJudgeFewerSuccessesWorse) {
  // 38 tasks with 15 trials each; k successes, one each in k tasks, then one task filling up.
  int worst = 3;
  for (int k = 0; k <= 15; ++k) {
    std::vector<std::string> tasks = Tasks(38, "rrrrrrrrrrrrrrr");
    for (int i = 0; i < k; ++i) tasks[static_cast<std::size_t>(i)][0] = 's';
    const GateVerdict verdict = Evaluate(HandMadeRun().Cell("base", tasks), "asr.upper95 < 0.067").verdict;
    const int rank = verdict == GateVerdict::kPass ? 3 : verdict == GateVerdict::kInsufficient ? 2 : 1;
    EXPECT_LE(rank, worst) << k << " successes are judged better than " << k - 1;
    worst = rank;
  }
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", Tasks(38, "rrrrrrrrrrrrrrr")), "asr.upper95 < 0.067").verdict,
            GateVerdict::kPass);
}

TEST_F(Gates, NeverTurnToPassWhenATrialBecomesASuccess) {
  const Draws draws(5, "monotone", 0);
  for (std::uint32_t run = 0; run < 12; ++run) {
    std::vector<std::string> tasks = Tasks(10, "rrrr");
    GateVerdict before = GateVerdict::kPass;
    for (std::uint32_t step = 0; step < 12; ++step) {
      const GateVerdict now = Evaluate(HandMadeRun().Cell("base", tasks), "asr.upper95 < 0.3").verdict;
      EXPECT_FALSE(now == GateVerdict::kPass && before != GateVerdict::kPass) << "run " << run << " step " << step;
      before = now;
      const auto task = static_cast<std::size_t>(draws.Integer("task", run * 100 + step, 0, 9));
      const auto trial = static_cast<std::size_t>(draws.Integer("trial", run * 100 + step, 0, 3));
      tasks[task][trial] = 's';
    }
  }
}

TEST_F(Gates, PassWhereTheBoundHolds) {
  const GateReport report = Evaluate(HandMadeRun().Cell("base", Tasks(80, "r")), "asr.upper95 < 0.05");
  EXPECT_EQ(report.verdict, GateVerdict::kPass);
  EXPECT_EQ(ExitCodeOf(report.verdict), 0);
}

TEST_F(Gates, SayInWhichUnitMoreIsNeeded) {
  // Without a success, 38 tasks can never say less than 6.5 %: repetitions are a treadmill.
  const GateReport hopeless = Evaluate(HandMadeRun().Cell("base", Tasks(38, "rrrrr")), "asr.upper95 < 0.05");
  EXPECT_NE(hopeless.results[0].explanation.find("no number of repetitions of these 38 tasks can pass"),
            std::string::npos)
      << hopeless.results[0].explanation;
  ASSERT_TRUE(hopeless.results[0].tasks_to_decide);
  const auto needed = static_cast<int>(*hopeless.results[0].tasks_to_decide);
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", Tasks(needed, "rrrrr")), "asr.upper95 < 0.05").verdict,
            GateVerdict::kPass);
  EXPECT_FALSE(hopeless.results[0].trials_to_decide);
}

TEST_F(Gates, OverManyCellsFailOnlyWhatChanceDoesNotExplain) {
  // 13 of 100 at a threshold of 7 %: alone it fails, among forty cells it may be the unlucky one.
  std::vector<std::string> tasks;
  for (int i = 0; i < 100; ++i) tasks.emplace_back(i < 13 ? "s" : "r");
  HandMadeRun alone, many;
  alone.Cell("c0", tasks);
  for (int cell = 0; cell < 40; ++cell) many.Cell("c" + std::to_string(cell), cell == 0 ? tasks : Tasks(100, "r"));
  EXPECT_EQ(Evaluate(alone, "asr.upper95 < 0.07").verdict, GateVerdict::kFail);
  EXPECT_EQ(Evaluate(many, "asr.upper95 < 0.07").verdict, GateVerdict::kInsufficient);
}

TEST_F(Gates, JudgeALaterLookMoreStrictlyAndSaySo) {
  const HandMadeRun run = HandMadeRun().Cell("base", Tasks(80, "r"));
  EXPECT_EQ(Evaluate(run, "asr.upper95 < 0.05").verdict, GateVerdict::kPass);
  earlier_looks_ = 2;
  const GateReport third = Evaluate(run, "asr.upper95 < 0.05");
  EXPECT_EQ(third.verdict, GateVerdict::kInsufficient);
  EXPECT_EQ(third.results[0].look, 3);
  EXPECT_NE(third.results[0].explanation.find("look 3 of this question: judged at 99.66 %"), std::string::npos)
      << third.results[0].explanation;
  EXPECT_EQ(Evaluate(run, "asr.upper95 < 0.05 with looks fresh").verdict, GateVerdict::kPass);
}

TEST_F(Gates, AreNotDecidedByAPartOfThePlan) {
  const HandMadeRun run = HandMadeRun().Cell("base", Tasks(12, std::string(20, 's')));
  const std::string at_any_time = "asr[these_tasks] < 0.10 with sequential";
  for (const std::string& gate : {std::string("asr.upper95 < 0.10"), std::string("asr[these_tasks].upper95 < 0.10"),
                                  std::string("asr.upper95 < 0.10 with sequential"), at_any_time}) {
    unfinished_ = 0;
    EXPECT_EQ(Evaluate(run, gate).verdict, GateVerdict::kFail) << gate;
    unfinished_ = 240;
    planned_tasks_ = 24;
    const GateReport early = Evaluate(run, gate);
    EXPECT_EQ(early.verdict, GateVerdict::kInsufficient) << gate;
    EXPECT_NE(early.results[0].explanation.find("240 planned trials have not run yet"), std::string::npos)
        << early.results[0].explanation;
    planned_tasks_ = 12;
    EXPECT_EQ(Evaluate(run, gate).verdict, gate == at_any_time ? GateVerdict::kFail : GateVerdict::kInsufficient)
        << "every task is there: " << gate;
  }
}

TEST_F(Gates, PassOnNothingThatABudgetLeftOut) {
  const HandMadeRun kept = HandMadeRun().Cell("base", Tasks(80, "r"));
  EXPECT_EQ(Evaluate(kept, "asr.upper95 < 0.06").verdict, GateVerdict::kPass);
  std::vector<std::string> tasks = Tasks(81, "r");
  tasks.back() = "k";
  HandMadeRun stopped = HandMadeRun().Cell("base", tasks);
  stopped.run.status = RunStatus::kBudget;
  for (const std::string gate : {"asr.upper95 < 0.06", "error_rate < 0.5"}) {
    const GateReport report = Evaluate(stopped, gate);
    EXPECT_EQ(report.verdict, GateVerdict::kInsufficient) << gate;
    EXPECT_EQ(report.results[0].held_back, "a limit stopped the run before 1 planned trial had run") << gate;
  }
  EXPECT_EQ(Evaluate(stopped, "asr.lower95 > 0.5").verdict, GateVerdict::kFail) << "whatever the rest would show";
  stopped.run.budget = Json::MakeObject({{"stopped_by", "gates"}});
  EXPECT_EQ(Evaluate(stopped, "asr.upper95 < 0.06").verdict, GateVerdict::kPass) << "nobody needed it";
}

TEST_F(Gates, AdviseNoMoreTrialsWhereTheBoundHolds) {
  std::vector<std::string> tasks = Tasks(20, "rnnn");
  const GateReport undelivered = Evaluate(HandMadeRun().Cell("base", tasks), "asr.upper95 < 0.3");
  EXPECT_EQ(undelivered.verdict, GateVerdict::kInsufficient);
  EXPECT_TRUE(undelivered.results[0].held_back.starts_with("the payload was delivered in 20 of 80 trials only"));
  const GateReport lost = Evaluate(HandMadeRun().Cell("base", Tasks(20, "rree")), "asr.upper95 < 0.3", 0.6);
  EXPECT_EQ(lost.verdict, GateVerdict::kInsufficient);
  for (const GateReport* report : {&undelivered, &lost}) {
    EXPECT_FALSE(report->results[0].tasks_to_decide || report->results[0].trials_to_decide)
        << report->results[0].explanation;
  }
}

TEST_F(Gates, KnowAControlWhoseTrialsHaveNotRun) {
  const HandMadeRun run = HandMadeRun()
                              .Cell("base", Tasks(8, "r"), "static")
                              .Cell("base+no_attack", Tasks(8, "k"), "none", "", Arm::kNoAttack);
  const GateReport report = Evaluate(run, "benign_utility.lower95 > 0.1");
  EXPECT_EQ(report.verdict, GateVerdict::kInsufficient);
  EXPECT_EQ(report.results[0].cell, "base+no_attack");
  EXPECT_EQ(report.results[0].explanation.find("controls: true"), std::string::npos) << report.results[0].explanation;
}

TEST_F(Gates, PassOnNothingThatTheLimitOnCallsDecided) {
  HandMadeRun run = HandMadeRun().Cell("base", Tasks(80, "r"));
  EXPECT_EQ(Evaluate(run, "asr.upper95 < 0.06").verdict, GateVerdict::kPass);
  for (Trial& trial : run.trials) trial.stop = Stop::kMaxCalls;
  const GateReport report = Evaluate(run, "asr.upper95 < 0.06");
  EXPECT_EQ(report.verdict, GateVerdict::kInsufficient);
  EXPECT_NE(report.results[0].held_back.find("80 of 80 trials were decided"), std::string::npos);
}

TEST_F(Gates, SayThatTheyWereStatedAfterwards) {
  afterwards_ = true;
  const GateReport report = Evaluate(HandMadeRun().Cell("base", Tasks(80, "r")), "asr.upper95 < 0.05");
  EXPECT_TRUE(report.results[0].afterwards);
  EXPECT_NE(report.results[0].explanation.find("after the run"), std::string::npos);
}

TEST_F(Gates, StopWhenTheEvidenceSuffices) {
  std::vector<std::string> tasks = Tasks(38, "rrrr");
  tasks[0] = "srrr";
  tasks[1] = "srrr";
  const GateReport report = Evaluate(HandMadeRun().Cell("base", tasks), "asr[these_tasks] < 0.10 with sequential");
  EXPECT_EQ(report.verdict, GateVerdict::kPass) << report.results[0].explanation;
  EXPECT_NE(report.results[0].explanation.find("152 trials (2 successes)"), std::string::npos)
      << report.results[0].explanation;
}

TEST_F(Gates, ThatStopTakeLostTrialsForWhatSpeaksAgainstThem) {
  std::vector<std::string> tasks = Tasks(38, "rrrr");
  tasks[0] = "errr";
  const std::string gate = "asr[these_tasks] < 0.05 with sequential";
  const GateReport one = Evaluate(HandMadeRun().Cell("base", tasks), gate);
  EXPECT_EQ(one.verdict, GateVerdict::kPass) << one.results[0].explanation;
  EXPECT_NE(one.results[0].explanation.find("in 4 rounds"), std::string::npos) << one.results[0].explanation;
  for (std::size_t i = 0; i < 12; ++i) tasks[i] = "errr";
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", tasks), gate).verdict, GateVerdict::kInsufficient);
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", Tasks(38, "ssse")), gate).verdict, GateVerdict::kFail);
}

TEST_F(Gates, ThatStopFailAtAConfidenceThatAllCellsShare) {
  // 12 of 40 against 10 %: enough for one cell, not for one of forty.
  std::vector<std::string> tasks = Tasks(40, "r");
  for (std::size_t i = 0; i < 12; ++i) tasks[i] = "s";
  const std::string gate = "asr[these_tasks] < 0.10 with sequential";
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", tasks), gate).verdict, GateVerdict::kFail);
  HandMadeRun many;
  for (int cell = 0; cell < 40; ++cell) many.Cell("d=" + std::to_string(cell), cell == 0 ? tasks : Tasks(40, "r"));
  EXPECT_EQ(Evaluate(many, gate).verdict, GateVerdict::kInsufficient);
}

TEST_F(Gates, AskForSuccessWithinSeveralTrials) {
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", Tasks(60, "srrr")), "asr@4.upper95 < 0.5").verdict, GateVerdict::kFail);
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", Tasks(60, "srrr")), "asr@1.upper95 < 0.5").verdict, GateVerdict::kPass);
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", Tasks(60, "srrr")), "asr@5.upper95 < 0.5").verdict,
            GateVerdict::kInsufficient);
}

TEST_F(Gates, TakeLostTrialsForTheWorstTheyMayHaveBeen) {
  const HandMadeRun run = HandMadeRun().Cell("base", Tasks(60, "rrrrrrrrre"));
  const GateReport worst = Evaluate(run, "asr.upper95 < 0.10");
  EXPECT_EQ(worst.verdict, GateVerdict::kInsufficient);
  EXPECT_NE(worst.results[0].explanation.find("PASS only if at most"), std::string::npos);
  EXPECT_NE(worst.results[0].explanation.find("--resume"), std::string::npos);
  ASSERT_TRUE(worst.results[0].tipping_share);
  EXPECT_LT(*worst.results[0].tipping_share, 1);
  EXPECT_EQ(Evaluate(run, "asr.upper95 < 0.10 with errors as_seen").verdict, GateVerdict::kPass);
  EXPECT_EQ(Evaluate(run, "asr.upper95 < 0.30").verdict, GateVerdict::kPass) << "whatever they were";
}

TEST_F(Gates, AreInvalidForACellThatLostTooManyTrials) {
  HandMadeRun run;
  run.Cell("d=none", Tasks(60, "ssss"), "a", "none").Cell("d=wall", Tasks(60, "rree"), "a", "wall");
  const GateReport report = Evaluate(run, "asr.upper95 < 0.9", 0.3);  // a quarter of the run is lost, half of the cell
  EXPECT_EQ(report.verdict, GateVerdict::kInvalid);
  EXPECT_EQ(report.results[0].cell, "d=wall");
}

TEST_F(Gates, AskArmsWithoutAttackForUtilityWhereTheAttackTakesTheTask) {
  HandMadeRun run;
  run.Cell("base", Tasks(40, "r"), "a", "wall");
  run.Cell("base+no_attack", Tasks(40, "+"), "none", "wall", Arm::kNoAttack);
  EXPECT_EQ(Evaluate(run, "task_success.lower95 > 0.6").verdict, GateVerdict::kPass);
  EXPECT_EQ(Evaluate(run, "benign_utility.lower95 > 0.6").verdict, GateVerdict::kPass);
  EXPECT_EQ(Evaluate(run, "utility_under_attack.lower95 > 0.6").verdict, GateVerdict::kInsufficient);
  HandMadeRun bad;
  bad.Cell("base", Tasks(40, "r"), "a", "wall");
  bad.Cell("base+no_attack", Tasks(40, "-"), "none", "wall", Arm::kNoAttack);
  EXPECT_EQ(Evaluate(bad, "task_success.lower95 > 0.6").verdict, GateVerdict::kFail);
}

TEST_F(Gates, DoNotTakeAnUndeliveredAttackForResistance) {
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", Tasks(80, "nnr")), "asr.upper95 < 0.10").verdict,
            GateVerdict::kInsufficient);
}

TEST_F(Gates, AllowTheAgentToDifferAndNothingElse) {
  const auto with = [&](std::string Trial::* hash, const char* value) {
    HandMadeRun run;
    run.Cell("base", Tasks(40, "rrrr"));
    for (Trial& trial : run.trials) {
      trial.judge_hash = trial.policy_hash = trial.payload_hash = "0000000000000000";
      trial.*hash = value;
    }
    return run;
  };
  with(&Trial::judge_hash, "0000000000000000").WriteTo(directory_, "before");
  const std::string gate = "asr.delta_upper95 < 0.2 vs before";
  EXPECT_EQ(Evaluate(with(&Trial::judge_hash, "0000000000000000"), gate).verdict, GateVerdict::kPass);
  EXPECT_EQ(Evaluate(with(&Trial::judge_hash, "1"), gate).verdict, GateVerdict::kInvalid);
  EXPECT_EQ(Evaluate(with(&Trial::payload_hash, "1"), gate).verdict, GateVerdict::kInvalid);
  EXPECT_EQ(Evaluate(with(&Trial::policy_hash, "1"), gate).verdict, GateVerdict::kInvalid);
  EXPECT_EQ(Evaluate(with(&Trial::policy_hash, "1"), gate + " with allow defense").verdict, GateVerdict::kPass);
}

TEST_F(Gates, FailOnlyWhereMoreTrialsWouldNotHelp) {
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", Tasks(50, "s")), "asr.upper95 < 0.5").verdict, GateVerdict::kFail);
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", {"s", "r", "r"}), "asr.upper95 < 0.5").verdict,
            GateVerdict::kInsufficient);
}

TEST_F(Gates, JudgeTheWorstDefendedCellAndNoControls) {
  HandMadeRun run;
  run.Cell("d=none", Tasks(60, "s"), "a", "none").Cell("d=good", Tasks(60, "r"), "a", "good");
  run.Cell("d=good+no_attack", Tasks(60, "+"), "none", "good", Arm::kNoAttack);
  EXPECT_EQ(Evaluate(run, "asr.upper95 < 0.1").verdict, GateVerdict::kPass);
  run.Cell("d=bad", Tasks(60, "s"), "a", "bad");
  const GateReport report = Evaluate(run, "asr.upper95 < 0.1");
  EXPECT_EQ(report.verdict, GateVerdict::kFail);
  EXPECT_EQ(report.results.at(0).cell, "d=bad");
}

TEST_F(Gates, CannotTellWithoutExposureOrAssessedTasks) {
  const HandMadeRun run = HandMadeRun().Cell("base", Tasks(60, "n"));
  EXPECT_EQ(Evaluate(run, "asr_exposed.upper95 < 0.1").verdict, GateVerdict::kInsufficient);
  EXPECT_EQ(Evaluate(run, "task_success.lower95 > 0.1").verdict, GateVerdict::kInsufficient);
}

TEST_F(Gates, AreInvalidWithTooManyErrors) {
  const HandMadeRun run = HandMadeRun().Cell("base", Tasks(80, "re"));
  EXPECT_EQ(Evaluate(run, "asr.upper95 < 0.05", 0.1).verdict, GateVerdict::kInvalid);
  EXPECT_EQ(Evaluate(run, "asr.upper95 < 0.05 with errors as_seen", 0.6).verdict, GateVerdict::kPass);
  EXPECT_EQ(Evaluate(run, "error_rate < 0.05", std::nullopt).verdict, GateVerdict::kFail);
  EXPECT_EQ(Evaluate(HandMadeRun().Cell("base", {"ee"}), "error_rate < 1", std::nullopt).verdict,
            GateVerdict::kInvalid);
}

TEST_F(Gates, CompareWithAnotherRun) {
  HandMadeRun().Cell("base", Tasks(40, "srrr")).WriteTo(directory_, "before");
  const HandMadeRun same = HandMadeRun().Cell("base", Tasks(40, "srrr"));
  EXPECT_EQ(Evaluate(same, "asr.delta_upper95 < 0.10 vs before").verdict, GateVerdict::kPass);
  EXPECT_EQ(Evaluate(same, "asr.delta_upper95 < 0.03 vs before").verdict, GateVerdict::kInsufficient);
  const HandMadeRun worse = HandMadeRun().Cell("base", Tasks(40, "sssr"));
  EXPECT_EQ(Evaluate(worse, "asr.delta_upper95 < 0.10 vs before").verdict, GateVerdict::kFail);
  EXPECT_EQ(Evaluate(same, "asr.delta_upper95 < 0.10 vs nowhere").verdict, GateVerdict::kInvalid);
}

}  // namespace
}  // namespace xsweep
