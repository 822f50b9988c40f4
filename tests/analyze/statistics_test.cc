// Statistics: every entry of the vectors to its tolerance, and honest answers where there is nothing to compute.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>

#include "analyze/clusters.h"
#include "analyze/design.h"
#include "analyze/intervals.h"
#include "analyze/repeats.h"
#include "analyze/tests.h"
#include "base/files.h"
#include "base/json.h"

namespace xsweep::stats {
namespace {

std::string VectorsPath() {
  const char* named = std::getenv("XSWEEP_STATISTICS_VECTORS");
  return named != nullptr ? named : std::string(XSWEEP_SOURCE_DIR) + "/../shared/vectors/statistics.json";
}

double Number(const Json& entry, const char* key) { return entry.Find(key)->AsDouble(); }

Proportion Pair(const Json& entry, const char* key) {
  return {entry.Find(key)->items()[0].AsInt(), entry.Find(key)->items()[1].AsInt()};
}

void ExpectInterval(const std::optional<Interval>& actual, const Json& entry, double tolerance) {
  ASSERT_TRUE(actual) << entry.Dump();
  EXPECT_NEAR(actual->low, entry.Find("interval")->items()[0].AsDouble(), tolerance) << entry.Dump();
  EXPECT_NEAR(actual->high, entry.Find("interval")->items()[1].AsDouble(), tolerance) << entry.Dump();
}

Proportion SuccessesOf(const Json& entry) { return {entry.IntOr("successes", -1), entry.IntOr("n", -1)}; }

void CheckWilson(const Json& entry, double tolerance) { ExpectInterval(Wilson(SuccessesOf(entry)), entry, tolerance); }

void CheckClopperPearson(const Json& entry, double tolerance) {
  ExpectInterval(ClopperPearson(SuccessesOf(entry)), entry, tolerance);
}

void CheckMcNemar(const Json& entry, double tolerance) {
  EXPECT_NEAR(McNemarExact(entry.Find("b")->AsInt(), entry.Find("c")->AsInt()), Number(entry, "p"), tolerance);
}

void CheckFisher(const Json& entry, double tolerance) {
  EXPECT_NEAR(FisherExact(Pair(entry, "a"), Pair(entry, "b")), Number(entry, "p"), tolerance) << entry.Dump();
}

void CheckNewcombe(const Json& entry, double tolerance) {
  ExpectInterval(Newcombe(Pair(entry, "a"), Pair(entry, "b")), entry, tolerance);
}

void CheckAdjusted(std::vector<double> (*adjust)(std::span<const double>), const Json& entry, double tolerance) {
  std::vector<double> p;
  for (const Json& value : entry.Find("p")->items()) p.push_back(value.AsDouble());
  const std::vector<double> adjusted = adjust(p);
  const auto& expected = entry.Find("adjusted")->items();
  ASSERT_EQ(adjusted.size(), expected.size());
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i].AsDouble(), tolerance);
}

void CheckPassPower(const Json& entry, double tolerance) {
  std::vector<Cluster> tasks;
  for (const Json& successes : entry.Find("successes_per_task")->items()) {
    tasks.push_back({successes.AsInt(), entry.Find("trials_per_task")->AsInt()});
  }
  const auto value = MeanPassPower(tasks, static_cast<int>(entry.Find("k")->AsInt()));
  ASSERT_TRUE(value) << entry.Dump();
  EXPECT_NEAR(*value, Number(entry, "value"), tolerance) << entry.Dump();
}

void CheckClusteredError(const Json& entry, double tolerance) {
  std::vector<Cluster> clusters;
  for (const Json& trials : entry.Find("clusters")->items()) {
    Cluster& cluster = clusters.emplace_back();
    for (const Json& trial : trials.items()) {
      cluster.sum += trial.AsInt();
      ++cluster.n;
    }
  }
  const auto error = ClusterRobustError(clusters);
  ASSERT_TRUE(error) << entry.Dump();
  EXPECT_NEAR(error->mean, Number(entry, "mean"), tolerance);
  EXPECT_NEAR(error->se, Number(entry, "se"), tolerance);
  EXPECT_NEAR(error->se_without_correction, Number(entry, "se_without_correction"), tolerance);
}

void CheckDetectable(const Json& entry, double tolerance) {
  const auto increase = DetectableIncrease(Number(entry, "baseline"), Number(entry, "n_per_arm"));
  ASSERT_TRUE(increase) << entry.Dump();
  EXPECT_NEAR(*increase, Number(entry, "increase"), tolerance) << entry.Dump();
}

const std::map<std::string, std::function<void(const Json&, double)>>& Checks() {
  static const std::map<std::string, std::function<void(const Json&, double)>> checks = {
      {"wilson95", CheckWilson},
      {"clopper_pearson95", CheckClopperPearson},
      {"mcnemar_exact", CheckMcNemar},
      {"fisher_exact_two_sided", CheckFisher},
      {"newcombe_unpaired_difference95", CheckNewcombe},
      {"holm", [](const Json& entry, double tolerance) { CheckAdjusted(HolmAdjust, entry, tolerance); }},
      {"benjamini_hochberg",
       [](const Json& entry, double tolerance) { CheckAdjusted(BenjaminiHochbergAdjust, entry, tolerance); }},
      {"pass_hat_k", CheckPassPower},
      {"clustered_standard_error", CheckClusteredError},
      {"minimum_detectable_increase_unpaired_80_power", CheckDetectable},
  };
  return checks;
}

TEST(StatisticsVectors, AgreeInEveryEntry) {
  const std::string path = VectorsPath();
  if (std::getenv("XSWEEP_STATISTICS_VECTORS") == nullptr && !std::filesystem::exists(path)) {
    GTEST_SKIP() << path << " is not there";
  }
  const auto text = ReadFile(path);
  ASSERT_TRUE(text) << text.error().Text();
  const auto vectors = Json::Parse(*text, path);
  ASSERT_TRUE(vectors) << vectors.error().Text();
  int checked = 0;
  for (const auto& [section, entries] : vectors->members()) {
    if (section == "note") continue;
    const auto check = Checks().find(section);
    ASSERT_NE(check, Checks().end()) << "nothing computes the section " << section;
    for (const Json& entry : entries.items()) {
      check->second(entry, 1e-9);
      ++checked;
    }
  }
  EXPECT_GT(checked, 0);
}

TEST(StatisticsOfNothing, AreEmptyNotZero) {
  EXPECT_FALSE(Wilson({0, 0}));
  EXPECT_FALSE(ClopperPearson({0, 0}));
  EXPECT_FALSE(Newcombe({0, 0}, {3, 4}));
  EXPECT_EQ(FisherExact({0, 0}, {3, 4}), 1);
  EXPECT_EQ(McNemarExact(0, 0), 1);
  EXPECT_EQ(SignFlipByCluster({}, 1), 1);
  EXPECT_FALSE(ClusteredRate({}));
  EXPECT_FALSE(MeanPassPower({}, 1));
  EXPECT_FALSE(FlipRate({}));
  EXPECT_FALSE(IntraclassCorrelation({}));
  EXPECT_TRUE(HolmAdjust({}).empty());
  EXPECT_FALSE(DetectableIncrease(0.3, 0));
  EXPECT_FALSE(DetectableIncrease(1, 100));
}

TEST(StatisticsOfOneTask, SayNothingAboutOtherTasks) {
  const Cluster one[] = {{3, 10}};
  EXPECT_FALSE(ClusterRobustError(one));
  EXPECT_FALSE(ClusteredRate(one));
  EXPECT_FALSE(ClusterBootstrap(one, 1));
  EXPECT_FALSE(ClusteredPairedDifference(one));
}

TEST(StatisticsOfEqualClusters, FallBackToOneTrialPerClusterAndSaySo) {
  const std::vector<Cluster> clusters(50, Cluster{0, 10});
  const auto interval = ClusteredRate(clusters);
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->method, ClusteredMethod::kWilsonPerCluster);
  EXPECT_EQ(interval->bounds, *Wilson({0, 50}));
}

TEST(StatisticsOfEqualClusters, NeverGiveWidthZeroInTheMiddle) {
  const std::vector<Cluster> clusters(20, Cluster{5, 10});
  const auto interval = ClusteredRate(clusters);
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->effective_n, 200);  // a negative correlation is not believed
  EXPECT_GT(interval->bounds.high - interval->bounds.low, 0.1);
}

TEST(StatisticsOfOneSuccess, AreNoSurerThanThoseOfNone) {
  std::vector<Cluster> clusters(50, Cluster{0, 10});
  clusters[0].sum = 1;
  EXPECT_GT(ClusteredRate(clusters)->bounds.high, Wilson({0, 50})->high);
}

TEST(StatisticsOfPairs, StayWideWhenNoTaskDiffers) {
  const std::vector<Cluster> same(30, Cluster{0, 8});
  const auto difference = ClusteredPairedDifference(same);
  ASSERT_TRUE(difference);
  EXPECT_TRUE(difference->widened);
  EXPECT_DOUBLE_EQ(difference->bounds.high, Wilson({0, 30})->high);
  EXPECT_DOUBLE_EQ(difference->bounds.low, -difference->bounds.high);
}

TEST(StatisticsOfSignFlips, CountEverySignWhenTasksAreFew) {
  // Sums 3, 2, -1 of magnitudes 3, 2, 1: |+-3 +-2 +-1| >= 4 in 4 of 8 ways.
  const Cluster tasks[] = {{3, 4}, {2, 4}, {-1, 4}, {0, 4}};
  EXPECT_DOUBLE_EQ(SignFlipByCluster(tasks, 7), 0.5);
  const std::vector<Cluster> ten(10, Cluster{1, 1});
  EXPECT_DOUBLE_EQ(SignFlipByCluster(ten, 7), 2.0 / 1024);
}

TEST(StatisticsOfSignFlips, DrawWhenTasksAreManyAndAgreeWithTheNormalLimit) {
  std::vector<Cluster> tasks(6000, Cluster{1, 1});
  for (std::size_t i = 0; i < 2925; ++i) tasks[i].sum = -1;  // sum 150, sd 77.5: p = 0.0544
  EXPECT_NEAR(SignFlipByCluster(tasks, 7), 0.0544, 0.008);
  EXPECT_EQ(SignFlipByCluster(tasks, 7), SignFlipByCluster(tasks, 7));
}

TEST(StatisticsOfBootstrap, AreAFunctionOfTheirSeed) {
  const std::vector<Cluster> clusters = {{1, 4}, {0, 4}, {4, 4}, {2, 4}, {3, 4}, {1, 4}, {2, 4}, {2, 4}};
  EXPECT_EQ(ClusterBootstrap(clusters, 3), ClusterBootstrap(clusters, 3));
  const auto interval = ClusterBootstrap(clusters, 3);
  ASSERT_TRUE(interval);
  EXPECT_LT(interval->low, 15.0 / 32);
  EXPECT_GT(interval->high, 15.0 / 32);
}

TEST(StatisticsOfRepeats, KnowNoiseFromNature) {
  const Cluster steady[] = {{0, 4}, {4, 4}, {0, 4}, {4, 4}};
  EXPECT_DOUBLE_EQ(*FlipRate(steady), 0);
  EXPECT_DOUBLE_EQ(*IntraclassCorrelation(steady), 1);
  const Cluster noisy[] = {{2, 4}, {2, 4}};
  EXPECT_DOUBLE_EQ(*FlipRate(noisy), 2.0 / 3);
  EXPECT_LT(*IntraclassCorrelation(noisy), 0);
  const Cluster equal[] = {{0, 4}, {0, 4}};
  EXPECT_FALSE(IntraclassCorrelation(equal));
  // Two groups (1 1 1 0), (0 0 0 1): MSB 0.5, MSW 0.25, ICC = 0.25 / 1.25.
  const Cluster worked[] = {{3, 4}, {1, 4}};
  EXPECT_NEAR(*IntraclassCorrelation(worked), 0.2, 1e-12);
}

TEST(StatisticsOfRepeats, LeaveOutTasksWithFewerThanKTrials) {
  const Cluster tasks[] = {{2, 2}, {1, 4}};
  EXPECT_DOUBLE_EQ(*MeanPassPower(tasks, 4), 0);
  EXPECT_FALSE(MeanPassPower(tasks, 5));
}

TEST(StatisticsOfRepeats, BootstrapOverTasks) {
  const Cluster one[] = {{2, 4}};
  EXPECT_TRUE(PassPowerBootstrap(one, 2, 1).empty());
  const std::vector<Cluster> tasks = {{4, 4}, {2, 4}, {0, 4}, {3, 4}, {4, 4}, {1, 4}};
  const auto bounds = PassPowerBootstrap(tasks, 2, 1);
  ASSERT_EQ(bounds.size(), 2U);
  EXPECT_LT(bounds[1].low, *MeanPassPower(tasks, 2));
  EXPECT_GT(bounds[1].high, *MeanPassPower(tasks, 2));
}

TEST(StatisticsOfImperfectJudges, CorrectTheRateAndRefuseCoins) {
  EXPECT_NEAR(*RoganGladen(0.3, 0.9, 0.8), 0.1 / 0.7, 1e-12);
  EXPECT_DOUBLE_EQ(*RoganGladen(0.1, 0.9, 0.8), 0);
  EXPECT_FALSE(RoganGladen(0.3, 0.5, 0.5));
}

TEST(StatisticsOfDesigns, InvertEachOther) {
  const auto increase = DetectableIncrease(0.29, 150);
  EXPECT_EQ(RequiredPerArm(0.29, 0.29 + *increase), 150);
  const auto paired = DetectablePairedDifference(0.2, 400);
  ASSERT_TRUE(paired);
  EXPECT_EQ(RequiredPairs(0.2, *paired), 400);
  EXPECT_FALSE(RequiredPerArm(0.3, 0.3));
  EXPECT_FALSE(RequiredPairs(0.1, 0.2));
  EXPECT_DOUBLE_EQ(DesignEffect(10, 0.7), 7.3);
  EXPECT_DOUBLE_EQ(DesignEffect(10, -0.05), 1);
}

}  // namespace
}  // namespace xsweep::stats
