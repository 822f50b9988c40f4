// What a plan promises: every combination once, every trial once, controls that repeat nothing.
// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "base/draw.h"
#include "config/example_parts.h"
#include "plan/cell_id.h"
#include "plan/estimate.h"

namespace xsweep {
namespace {

SweepConfig Config(const std::string& more) {
  auto config = LoadExample(ExampleConfig() + more);
  EXPECT_TRUE(config) << config.error().Text();
  return config ? std::move(*config) : SweepConfig();
}
std::vector<Cell> Cells(const std::string& more) { return *ExpandCells(Config(more)); }
std::vector<std::string> Ids(const std::string& more) {
  std::vector<std::string> ids;
  for (const Cell& cell : Cells(more)) ids.push_back(cell.id);
  return ids;
}

TEST(Cells, AreEveryCombinationWithTheLastAxisFastest) {
  EXPECT_THAT(Ids(""), testing::ElementsAre("base"));
  EXPECT_THAT(Ids("grid: {defense.name: [none, refund_limit], judge.threshold: [100, 200.5]}\n"),
              testing::ElementsAre("defense.name=none,judge.threshold=100", "defense.name=none,judge.threshold=200.5",
                                   "defense.name=refund_limit,judge.threshold=100",
                                   "defense.name=refund_limit,judge.threshold=200.5"));
}

TEST(Cells, KeepOnlyTheOptionsTheirPartTakes) {
  const auto cells = Cells(
      "defense: {name: none, reason: why}\ngrid: {defense.name: [none, quota, refund_limit], defense.threshold: "
      "[7]}\n");
  EXPECT_EQ(cells[0].defense.options.Dump(), "{}");
  EXPECT_EQ(cells[1].defense.options.Dump(), R"({"threshold":7})");
  EXPECT_EQ(cells[2].defense.options.Dump(), R"({"threshold":7,"reason":"why"})");
}

TEST(Cells, TakeWholeSectionsAndModelsFromAxes) {
  const auto cells = Cells(
      "grid: {defense: [{name: quota}, {name: refund_limit, threshold: 9}], models.agent: [{provider: openai, model: "
      "m}]}\n");
  EXPECT_EQ(cells[0].id, "defense=quota(threshold:3),models.agent=openai(model:m)");
  EXPECT_EQ(cells[1].defense.options.Dump(), R"({"threshold":9,"reason":"limit"})");
  EXPECT_EQ(cells[1].models[Role::kAgent]->options.Dump(), R"({"model":"m"})");
}

TEST(Cells, AreCalledByTheLabelsOfTheirValuesWhichNoPartSees) {
  const auto cells = Cells(
      "grid: {defense: [{name: refund_limit, threshold: 9, label: strict one}, {name: refund_limit, threshold: "
      "10}]}\n");
  EXPECT_EQ(cells[0].id, "defense=strict_one");
  EXPECT_EQ(cells[0].defense.options.Dump(), R"({"threshold":9,"reason":"limit"})");
  EXPECT_EQ(cells[0].axes[0].second.StringOr("label", ""), "strict one");
  EXPECT_EQ(cells[1].id, "defense=refund_limit(threshold:10;reason:limit)");
}

TEST(Cells, KnowThePricesOfTheirModelsWhichChangeNothingThatTheyPlay) {
  const std::string models = "models: {agent: {provider: openai, model: m}}\ngrid: {models.agent.model: [m, n]}\n";
  const auto cells = Cells(models + "prices: {n: {input: 1, output: 2}}\n");
  EXPECT_EQ(cells[0].models[Role::kAgent]->options.Find("price"), nullptr);
  EXPECT_EQ(cells[1].models[Role::kAgent]->options.Find("price")->Dump(), R"({"input":1,"output":2})");
  EXPECT_EQ(cells[1].hash, Cells(models)[1].hash);
}

TEST(Controls, AddEachMissingArmOnce) {
  EXPECT_THAT(Ids("controls: true\n"), testing::ElementsAre("base", "base+no_attack"));
  EXPECT_THAT(
      Ids("controls: true\ngrid: {defense.name: [quota, refund_limit], attack.levels: [[a], [b]]}\n"),
      testing::ElementsAre("defense.name=quota,attack.levels=[a]", "defense.name=quota,attack.levels=[b]",
                           "defense.name=refund_limit,attack.levels=[a]", "defense.name=refund_limit,attack.levels=[b]",
                           "defense.name=quota+no_attack", "defense.name=refund_limit+no_attack",
                           "attack.levels=[a]+no_defense", "attack.levels=[b]+no_defense"));
  EXPECT_THAT(Ids("controls: true\ngrid: {defense.name: [none, quota], attack.name: [none, escalating]}\n"),
              testing::SizeIs(4));
}

TEST(Controls, KeepAnEntryForEveryAxis) {
  const Cell arm =
      Cells("controls: true\ndefense: {name: quota}\ngrid: {defense.threshold: [1, 2], judge.threshold: [5]}\n").back();
  EXPECT_EQ(arm.id, "judge.threshold=5+no_defense");
  EXPECT_EQ(arm.arm, Arm::kNoDefense);
  EXPECT_EQ(arm.defense.name, "none");
  ASSERT_EQ(arm.axes.size(), 2U);
  EXPECT_TRUE(arm.axes[0].second.is_null());
  EXPECT_EQ(arm.axes[1].second, Json(5));
}

TEST(CellIds, AreSafeAndDistinct) {
  const GridAxis axis{
      "a", {Json("x/y,z\n"), Json("a b"), Json("a_b"), Json(100), Json("100"), Json(""), Json(std::string(80, 'k'))}};
  const auto labels = ValueLabels(axis);
  EXPECT_EQ(labels[0], "x%2Fy%2Cz%0A");
  EXPECT_THAT(labels[1], testing::StartsWith("a_b~"));
  EXPECT_EQ(labels[6].size(), 40U);
  EXPECT_EQ(std::set(labels.begin(), labels.end()).size(), labels.size());
}

TEST(CellHash, IsEqualForEqualRoles) {
  const auto cells = Cells("grid: {defense.name: [none, quota], defense.threshold: [1, 2]}\n");
  EXPECT_EQ(cells[0].hash, cells[1].hash);
  EXPECT_NE(cells[2].hash, cells[3].hash);
}

TEST(TooLargeGrid, IsRefused) {
  std::string values = "[0";
  for (int i = 1; i < 400; ++i) values += "," + std::to_string(i);
  const auto cells =
      ExpandCells(Config("grid: {judge.threshold: " + values + "], agent.competence: [0], attack.amount: [[1, 2]]}\n"));
  EXPECT_TRUE(cells);
  SweepConfig config = Config("");
  config.grid = {{"judge.threshold", std::vector<Json>(400, Json(1))},
                 {"judge.strict", std::vector<Json>(400, Json(true))}};
  EXPECT_EQ(ExpandCells(config).error().message, "the grid has more than 100,000 cells; drop an axis or some values");
}

TEST(UnknownTask, ComesWithASuggestion) {
  SweepConfig config = Config("");
  config.tasks = {"refund_too_lat"};
  EXPECT_EQ(MakePlan(config, {"refund_too_late", "b"}).error().Text(),
            "run.yaml: environment `airline` has no task `refund_too_lat`, did you mean `refund_too_late`?");
}

/// Random grids: what At enumerates is exactly cells x tasks x seeds x trials, and shards cut it without gap or
/// overlap.
TEST(RandomPlans, NameEveryTrialOnceAndShardsPartitionThem) {
  for (std::uint64_t number = 0; number < 60; ++number) {
    const Draws draws(number, "plan", 0);
    const auto size = [&](std::uint32_t step) { return draws.Integer("size", step, 1, 4); };
    std::vector<std::string> tasks;
    for (int i = 0; i < size(0); ++i) tasks.push_back("t" + std::to_string(i));
    SweepConfig config = Config(size(1) > 2 ? "controls: true\n" : "");
    config.trials = static_cast<std::uint32_t>(size(2));
    config.seeds.clear();
    for (int i = 0; i < size(3); ++i) config.seeds.push_back(static_cast<std::uint64_t>(1000 - i * 7));
    GridAxis axis{"judge.threshold", {}};
    for (int i = 0; i < size(4); ++i) axis.values.emplace_back(i);
    config.grid = {axis};
    const auto plan = MakePlan(config, tasks);
    ASSERT_TRUE(plan);
    std::multiset<std::tuple<std::uint32_t, std::uint32_t, std::uint64_t, std::uint32_t>> planned, executed;
    for (std::uint32_t c = 0; c < plan->cells().size(); ++c)
      for (std::uint32_t t = 0; t < tasks.size(); ++t)
        for (const std::uint64_t s : config.seeds)
          for (std::uint32_t r = 0; r < config.trials; ++r) planned.emplace(c, t, s, r);
    const auto shards = static_cast<std::uint32_t>(size(5) * 3);
    std::uint64_t next = 0;
    for (std::uint32_t shard = 0; shard < shards; ++shard) {
      const auto [begin, end] = ShardRange(plan->size(), shard, shards);
      ASSERT_EQ(begin, next);
      for (next = begin; next < end; ++next) {
        const TrialIdentity trial = plan->At(next);
        ASSERT_EQ(trial.index, next);
        executed.emplace(trial.cell, trial.task, trial.seed, trial.trial);
      }
    }
    ASSERT_EQ(next, plan->size());
    ASSERT_EQ(executed, planned);
  }
}

TEST(Estimate, IsNothingInShimAndUnknownWithoutAPrice) {
  const SweepConfig config = Config("models: {agent: {provider: openai, model: m}}\n");
  Plan plan = *MakePlan(config, {"a", "b"});
  EXPECT_EQ(EstimatePlan(plan, Mode::kShim).cost_usd, 0.0);
  const Estimate real = EstimatePlan(plan, Mode::kReal, {{"agent", 10, 1000, 100}});
  EXPECT_EQ(real.calls, 40);
  EXPECT_EQ(real.tokens, 44'000);
  EXPECT_FALSE(real.cost_usd);
}

TEST(Estimate, MultipliesTokensByTheirPrice) {
  SweepConfig config = Config("models: {agent: {provider: openai, model: m}}\n");
  config.models[Role::kAgent]->options.Set("price", Json::MakeObject({{"input", 2}, {"output", 10}}));
  const Estimate real = EstimatePlan(*MakePlan(config, {"a", "b"}), Mode::kReal, {{"agent", 10, 1000, 100}});
  EXPECT_NEAR(*real.cost_usd, 40 * (1000 * 2 + 100 * 10) / 1e6, 1e-12);
}

}  // namespace
}  // namespace xsweep
