// Statistics: every entry of the vectors to its tolerance, and honest answers where there is nothing to compute.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "stats/clusters.h"
#include "stats/design.h"
#include "stats/intervals.h"
#include "stats/repeats.h"
#include "stats/tests.h"
#include "stats/vectors.h"

namespace xsweep::stats {
namespace {

/// One vector. Remembers which of its fields were looked at, so that none goes unchecked.
class Vector {
 public:
  explicit Vector(const Json& json) : json_(json) {}
  const Json& At(const std::string& field) const {
    static const Json kMissing;
    used_.insert(field);
    const Json* found = json_.Find(field);
    if (found == nullptr) ADD_FAILURE() << "no field " << field << " in " << json_.Dump();
    return found == nullptr ? kMissing : *found;
  }
  std::int64_t Int(const std::string& field) const { return At(field).AsInt(); }
  double Number(const std::string& field) const { return At(field).AsDouble(); }
  Proportion Pair(const std::string& field) const {
    return {At(field).items().at(0).AsInt(), At(field).items().at(1).AsInt()};
  }
  Proportion Successes() const { return {Int("successes"), Int("n")}; }
  std::vector<double> Numbers(const std::string& field) const {
    std::vector<double> numbers;
    for (const Json& value : At(field).items()) numbers.push_back(value.AsDouble());
    return numbers;
  }

  /// null stands for "cannot be computed".
  void Expect(const std::string& field, std::optional<double> actual) const {
    const Json& expected = At(field);
    ASSERT_EQ(actual.has_value(), !expected.is_null()) << field << " of " << json_.Dump();
    if (!actual) return;
    EXPECT_NEAR(*actual, expected.AsDouble(), kTolerance) << field << " of " << json_.Dump();
  }
  void ExpectInterval(const std::optional<Interval>& actual) const {
    ASSERT_EQ(actual.has_value(), !At("interval").is_null()) << json_.Dump();
    if (!actual) return;
    EXPECT_NEAR(actual->low, At("interval").items().at(0).AsDouble(), kTolerance) << json_.Dump();
    EXPECT_NEAR(actual->high, At("interval").items().at(1).AsDouble(), kTolerance) << json_.Dump();
  }
  /// Text is a remark; everything else must have been checked.
  void ExpectAllUsed() const {
    for (const auto& [field, value] : json_.members()) {
      EXPECT_TRUE(value.is_string() || used_.contains(field)) << "nothing checks " << field << " of " << json_.Dump();
    }
  }

 private:
  static constexpr double kTolerance = 1e-9;
  const Json& json_;
  mutable std::set<std::string> used_;
};

void CheckNewcombe(const Vector& vector) {
  const Proportion a = vector.Pair("a");
  const Proportion b = vector.Pair("b");
  const auto rate = [](Proportion p) { return static_cast<double>(p.successes) / static_cast<double>(p.n); };
  vector.Expect("difference", a.n > 0 && b.n > 0 ? std::optional(rate(a) - rate(b)) : std::nullopt);
  vector.ExpectInterval(Newcombe(a, b));
}

void CheckAdjusted(std::vector<double> (*adjust)(std::span<const double>), const Vector& vector) {
  const std::vector<double> adjusted = adjust(vector.Numbers("p"));
  const std::vector<double> expected = vector.Numbers("adjusted");
  ASSERT_EQ(adjusted.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-9);
}

void CheckPassPower(const Vector& vector) {
  std::vector<Cluster> tasks;
  for (const Json& successes : vector.At("successes_per_task").items()) {
    tasks.push_back({successes.AsInt(), vector.Int("trials_per_task")});
  }
  vector.Expect("value", MeanPassPower(tasks, static_cast<int>(vector.Int("k"))));
}

void CheckClusteredError(const Vector& vector) {
  std::vector<Cluster> clusters;
  for (const Json& trials : vector.At("clusters").items()) {
    Cluster& cluster = clusters.emplace_back();
    for (const Json& trial : trials.items()) {
      cluster.sum += trial.AsInt();
      ++cluster.n;
    }
  }
  const auto error = ClusterRobustError(clusters);
  vector.Expect("se", error ? std::optional(error->se) : std::nullopt);
  if (!error) {
    vector.At("mean"), vector.At("se_without_correction");  // one cluster: there is no error to state
    return;
  }
  vector.Expect("mean", error->mean);
  vector.Expect("se_without_correction", error->se_without_correction);
}

const std::map<std::string, std::function<void(const Vector&)>>& Checks() {
  static const std::map<std::string, std::function<void(const Vector&)>> checks = {
      {"wilson95", [](const Vector& vector) { vector.ExpectInterval(Wilson(vector.Successes())); }},
      {"clopper_pearson95", [](const Vector& vector) { vector.ExpectInterval(ClopperPearson(vector.Successes())); }},
      {"mcnemar_exact",
       [](const Vector& vector) { vector.Expect("p", McNemarExact(vector.Int("b"), vector.Int("c"))); }},
      {"fisher_exact_two_sided",
       [](const Vector& vector) { vector.Expect("p", FisherExact(vector.Pair("a"), vector.Pair("b"))); }},
      {"newcombe_unpaired_difference95", CheckNewcombe},
      {"holm", [](const Vector& vector) { CheckAdjusted(HolmAdjust, vector); }},
      {"benjamini_hochberg", [](const Vector& vector) { CheckAdjusted(BenjaminiHochbergAdjust, vector); }},
      {"pass_hat_k", CheckPassPower},
      {"clustered_standard_error", CheckClusteredError},
      {"minimum_detectable_increase_unpaired_80_power",
       [](const Vector& vector) {
         vector.Expect("increase", DetectableIncrease(vector.Number("baseline"), vector.Number("n_per_arm")));
       }},
  };
  return checks;
}

TEST(StatisticsVectors, AgreeInEveryEntry) {
  const std::string path = VectorsPath("XSWEEP_STATISTICS_VECTORS", "statistics.json");
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
      const Vector vector(entry);
      check->second(vector);
      vector.ExpectAllUsed();
      ++checked;
    }
  }
  EXPECT_GT(checked, 0);
}

TEST(StatisticsOfHugeSamples, KeepNineDigits) {
  // p values by 60-digit arithmetic over all tables.
  EXPECT_NEAR(FisherExact({4'000'000, 10'000'000}, {4'003'000, 10'000'000}), 0.171072906325679269, 1e-10);
  EXPECT_NEAR(FisherExact({500'000'000, 1'000'000'000}, {500'050'000, 1'000'000'000}), 0.0253502476129484164, 1e-9);
  EXPECT_NEAR(ClopperPearson({3, 1'000'000'000'000})->high, 8.76727306971711e-12, 1e-20);  // scipy.stats.beta
  EXPECT_EQ(ClopperPearson({0, 1'000'000'000'000})->low, 0);
  EXPECT_EQ(Wilson({1'000'000'000, 1'000'000'000})->high, 1);
  EXPECT_EQ(McNemarExact(1'000'000'000, 1'000'000'000), 1);
}

TEST(StatisticsOfNothing, AreEmptyNotZero) {
  EXPECT_FALSE(Wilson({0, 0}));
  EXPECT_FALSE(ClopperPearson({0, 0}));
  EXPECT_FALSE(Newcombe({0, 0}, {3, 4}));
  EXPECT_EQ(FisherExact({0, 0}, {3, 4}), 1);
  EXPECT_EQ(McNemarExact(0, 0), 1);
  EXPECT_EQ(SignFlipByCluster({}, 1), 1);
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
}

TEST(StatisticsOfSignFlips, CountEverySignWhenTasksAreFew) {
  // Sums 3, 2, -1 of magnitudes 3, 2, 1: |+-3 +-2 +-1| >= 4 in 4 of 8 ways.
  const Cluster tasks[] = {{3, 4}, {2, 4}, {-1, 4}, {0, 4}};
  EXPECT_DOUBLE_EQ(SignFlipByCluster(tasks, 7), 0.5);
  const std::vector<Cluster> ten(10, Cluster{1, 1});
  EXPECT_DOUBLE_EQ(SignFlipByCluster(ten, 7), 2.0 / 1024);
}

TEST(StatisticsOfSignFlips, DrawWhenTasksAreManyAndAgreeWithTheNormalLimit) {
  std::vector<Cluster> tasks(12000, Cluster{1, 1});
  for (std::size_t i = 0; i < 5895; ++i) tasks[i].sum = -1;  // sum 210, sd 109.5: p = 0.0557
  EXPECT_NEAR(SignFlipByCluster(tasks, 7), 0.0557, 0.008);
  EXPECT_EQ(SignFlipByCluster(tasks, 7), SignFlipByCluster(tasks, 7));
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
