// Which trials are one dialogue: those of cells that differ only in who judges.
// SPDX-License-Identifier: Apache-2.0
#include "plan/dialogues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "config/example_parts.h"
#include "plan/estimate.h"
#include "plan/plan.h"

namespace xsweep {
namespace {

using ::testing::ElementsAre;

Plan PlanOf(const std::string& more) {
  const auto config = LoadExample(ExampleConfig() + "trials: 3\n" + more);
  EXPECT_TRUE(config) << config.error().Text();
  return *MakePlan(*config, {"a", "b"});
}

TEST(JudgeAxis, SharesTheDialoguesOfItsCells) {
  const Plan plan = PlanOf("grid: {judge.threshold: [1, 2, 3], defense.name: [none, quota]}\n");
  const Dialogues& dialogues = plan.dialogues();
  EXPECT_EQ(plan.size(), 72U);
  EXPECT_EQ(dialogues.size(), 24U) << "two defenses, two tasks, two seeds, three trials";
  EXPECT_TRUE(dialogues.shared());
  EXPECT_THAT(dialogues.Cells(0), ElementsAre(0, 2, 4));
  EXPECT_THAT(dialogues.Cells(12), ElementsAre(1, 3, 5));
  EXPECT_EQ(dialogues.HolderOf(5), 1U);
  EXPECT_EQ(dialogues.TrialIn(4, 7), 4U * 12 + 7);
}

TEST(JudgeAxis, LosesAndRepeatsNoTrial) {
  const Plan plan = PlanOf("controls: true\ngrid: {judge.threshold: [1, 2, 3], defense.name: [quota, refund_limit]}\n");
  const Dialogues& dialogues = plan.dialogues();
  std::vector<int> seen(plan.size());
  for (std::uint64_t n = 0; n < dialogues.size(); ++n) {
    const TrialIdentity first = plan.At(dialogues.TrialIn(dialogues.Cells(n).front(), n));
    for (const std::uint32_t cell : dialogues.Cells(n)) {
      const std::uint64_t trial = dialogues.TrialIn(cell, n);
      ++seen[trial];
      EXPECT_EQ(dialogues.Of(trial), n);
      const TrialIdentity here = plan.At(trial);
      EXPECT_EQ(here.cell, cell);
      EXPECT_EQ(std::tie(here.task, here.seed, here.trial), std::tie(first.task, first.seed, first.trial));
    }
  }
  EXPECT_EQ(seen, std::vector<int>(plan.size(), 1));
  for (std::uint64_t middle = 0; middle <= dialogues.size(); ++middle)
    EXPECT_EQ(dialogues.TrialsWithin(0, middle) + dialogues.TrialsWithin(middle, dialogues.size()), plan.size());
}

TEST(NoAttackArms, ThatTheAgentCannotTellApartAreOne) {
  const Plan plan = PlanOf("controls: true\ngrid: {judge.threshold: [1, 2, 3], attack.levels: [[a], [b]]}\n");
  std::vector<std::uint32_t> holders;
  for (const Cell& cell : plan.cells()) {
    if (cell.arm == Arm::kNoAttack) holders.push_back(plan.dialogues().HolderOf(cell.index));
  }
  EXPECT_THAT(holders, ElementsAre(6, 6, 6)) << "one arm for each judge, one dialogue for all";
}

TEST(JudgesModel, IsNobodyThatTheAgentSees) {
  const Plan plan = PlanOf("models: {judge: {provider: openai, model: m}}\ngrid: {models.judge.model: [m, n]}\n");
  EXPECT_EQ(plan.dialogues().size() * 2, plan.size());
}

TEST(OtherAxes, ShareNothing) {
  const Plan plan = PlanOf("grid: {agent.competence: [0.1, 0.2], defense.name: [none, quota]}\n");
  EXPECT_FALSE(plan.dialogues().shared());
  for (std::uint64_t n = 0; n < plan.size(); ++n) {
    ASSERT_EQ(plan.dialogues().TrialIn(plan.dialogues().Cells(n).front(), n), n);
    ASSERT_EQ(plan.dialogues().Of(n), n);
  }
}

TEST(CellsThatPlayTheSame, ShareTheirDialogues) {
  const Plan plan = PlanOf("grid: {defense.name: [none, quota], defense.threshold: [1, 2]}\n");
  EXPECT_EQ(plan.dialogues().HolderOf(1), 0U) << "no defense has no threshold";
  EXPECT_EQ(plan.dialogues().HolderOf(3), 3U);
}

TEST(Estimate, CountsADialogueOnceAndEveryJudgeOfIt) {
  const std::string models =
      "mode: REAL\nmodels: {agent: {provider: openai, model: m}, judge: {provider: openai, model: j}}\n";
  const auto expected = [&](const std::string& grid) {
    const Estimate estimate = EstimatePlan(PlanOf(models + grid), Mode::kReal);
    std::map<std::string, double> calls;
    for (const RoleEstimate& role : estimate.roles) calls[role.role] = role.calls;
    return calls;
  };
  const auto one = expected("");
  const auto three = expected("grid: {judge.threshold: [1, 2, 3]}\n");
  EXPECT_EQ(three.at("agent"), one.at("agent"));
  EXPECT_EQ(three.at("judge"), 3 * one.at("judge"));
  const auto same = expected("grid: {defense.name: [none, quota], defense.threshold: [1, 2]}\n");
  EXPECT_EQ(same.at("judge"), 3 * one.at("judge")) << "of four cells two play the same and are told the same";
  EXPECT_EQ(same.at("agent"), 3 * one.at("agent"));
}

}  // namespace
}  // namespace xsweep
