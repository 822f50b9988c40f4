// StatisticsV2: every entry of the specification's vectors to its tolerance; an unknown section or field fails.
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
#include "stats/agreement.h"
#include "stats/curve.h"
#include "stats/families.h"
#include "stats/lost.h"
#include "stats/sequential.h"
#include "stats/simulate.h"
#include "stats/task_difference.h"
#include "stats/task_rate.h"
#include "stats/variance.h"
#include "stats/vectors.h"

namespace xsweep::stats {
namespace {

constexpr double kTolerance = 1e-9;
constexpr double kExtrapolatedTolerance = 1e-6;

/// One vector. Remembers which of its fields were looked at, so that none goes unchecked.
class Entry {
 public:
  explicit Entry(const Json& json, double tolerance = kTolerance) : json_(json), tolerance_(tolerance) {}

  bool Has(const std::string& field) const { return json_.Find(field) != nullptr; }
  const Json& At(const std::string& field) const {
    static const Json kMissing;
    used_.insert(field);
    const Json* found = json_.Find(field);
    if (found == nullptr) ADD_FAILURE() << "no field " << field << " in " << Brief();
    return found == nullptr ? kMissing : *found;
  }
  double Number(const std::string& field) const { return At(field).AsDouble(); }
  std::int64_t Int(const std::string& field) const { return At(field).AsInt(); }
  std::vector<double> Numbers(const std::string& field) const {
    std::vector<double> numbers;
    for (const Json& value : At(field).items()) numbers.push_back(value.AsDouble());
    return numbers;
  }
  std::vector<Cluster> Tasks(const std::string& field = "tasks") const {
    std::vector<Cluster> tasks;
    for (const Json& task : At(field).items())
      tasks.push_back({task.items().at(0).AsInt(), task.items().at(1).AsInt()});
    return tasks;
  }
  std::vector<TaskPair> Pairs() const {
    const std::vector<Cluster> a = Tasks("a"), b = Tasks("b");
    EXPECT_EQ(a.size(), b.size()) << Brief();
    std::vector<TaskPair> pairs;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) pairs.push_back({a[i], b[i]});
    return pairs;
  }
  std::vector<JudgedTask> Judged(const std::string& field) const {
    std::vector<JudgedTask> tasks;
    for (const Json& task : At(field).items()) {
      JudgedTask& out = tasks.emplace_back();
      for (const Json& trial : task.items()) {
        const Json& label = trial.items().at(1);
        out.push_back(
            {trial.items().at(0).AsInt() != 0, label.is_null() ? std::nullopt : std::optional(label.AsInt() != 0)});
      }
    }
    return tasks;
  }

  /// null, or a field that is not there, stands for "cannot be computed".
  void Expect(const std::string& field, std::optional<double> actual) const {
    used_.insert(field);
    const Json* expected = json_.Find(field);
    const bool given = expected != nullptr && !expected->is_null();
    ASSERT_EQ(actual.has_value(), given) << field << " of " << Brief();
    if (given) Near(*actual, expected->AsDouble(), field);
  }
  void ExpectInterval(const std::optional<Interval>& actual) const {
    used_.insert("interval");
    const Json* expected = json_.Find("interval");
    const bool given = expected != nullptr && !expected->is_null();
    ASSERT_EQ(actual.has_value(), given) << "interval of " << Brief();
    if (!given) return;
    Near(actual->low, expected->items().at(0).AsDouble(), "interval.low");
    Near(actual->high, expected->items().at(1).AsDouble(), "interval.high");
  }
  void ExpectNumbers(const std::string& field, std::span<const double> actual) const {
    const std::vector<double> expected = Numbers(field);
    ASSERT_EQ(actual.size(), expected.size()) << field << " of " << Brief();
    for (std::size_t i = 0; i < expected.size(); ++i) Near(actual[i], expected[i], field);
  }
  void ExpectAllUsed() const {
    for (const auto& [field, value] : json_.members()) {
      EXPECT_TRUE(used_.contains(field)) << "nothing checks " << field << " of " << Brief();
    }
  }

 private:
  std::string Brief() const { return json_.Dump().substr(0, 300); }
  void Near(double actual, double expected, const std::string& field) const {
    EXPECT_NEAR(actual, expected, tolerance_ * std::max(1.0, std::abs(expected))) << field << " of " << Brief();
  }
  const Json& json_;
  double tolerance_;
  mutable std::set<std::string> used_;
};

void CheckTaskRate(const Entry& entry) {
  const TaskScores scores = SharesOf(entry.Tasks());
  entry.ExpectInterval(TasksAsDrawn(scores, entry.Number("confidence")));
  if (!entry.Has("estimate")) return;  // one task
  const ScoreBase base = BaseOf(scores);
  entry.Expect("estimate", base.estimate);
  entry.Expect("within", scores.within);
  entry.Expect("icc_seen", base.icc_seen);
  entry.Expect("weight", base.weight);
  entry.Expect("icc_used", base.icc_used);
  entry.Expect("effective_n", base.effective_n());
}

void CheckTheseTasks(const Entry& entry) {
  const TaskScores scores = SharesOf(entry.Tasks());
  entry.Expect("estimate", BaseOf(scores).estimate);
  entry.Expect("effective_n", static_cast<double>(scores.scores.size()) / scores.within);
  entry.ExpectInterval(TheseTasks(scores));
}

double MeanDifference(std::span<const TaskPair> pairs) {
  const TaskDifferences tasks = DifferencesOf(pairs);
  double sum = 0;
  for (const double d : tasks.differences) sum += d;
  return sum / static_cast<double>(tasks.differences.size());
}

void CheckTaskDifference(const Entry& entry) {
  const std::vector<TaskPair> pairs = entry.Pairs();
  const TaskDifferences tasks = DifferencesOf(pairs);
  entry.Expect("difference", MeanDifference(pairs));
  entry.Expect("nothing_differs", NothingSeen(tasks.differences.size(), tasks.within, 0.95));
  entry.ExpectInterval(ByTask(tasks));
  entry.Expect("sign_flip_p", SignFlipByTask(pairs));
}

void CheckTheseTasksDifference(const Entry& entry) {
  const std::vector<TaskPair> pairs = entry.Pairs();
  entry.Expect("difference", MeanDifference(pairs));
  entry.ExpectInterval(WithinTheseTasks(pairs));
  entry.Expect("exact_p", StratifiedExact(pairs));
}

void CheckSeparateTasks(const Entry& entry) {
  const TaskScores a = SharesOf(entry.Tasks("a")), b = SharesOf(entry.Tasks("b"));
  entry.Expect("difference", BaseOf(b).estimate - BaseOf(a).estimate);
  entry.ExpectInterval(SeparateTasks(a, b));
}

void CheckSequential(const Entry& entry) {
  const LogEvidence evidence = EvidenceAgainst(entry.Number("threshold"), entry.Int("successes"), entry.Int("n"));
  entry.Expect("log_e_below", evidence.below);
  entry.Expect("log_e_above", evidence.above);
  const double needed = EvidenceNeeded(0.95);
  const std::string verdict = evidence.below >= needed ? "PASS" : evidence.above >= needed ? "FAIL" : "CONTINUE";
  EXPECT_EQ(entry.At("verdict_at_95").AsString(), verdict);
}

void CheckAsrAtK(const Entry& entry) {
  const auto point = SuccessAtK(entry.Tasks(), entry.Int("k"));
  entry.Expect("value", point ? std::optional(point->value) : std::nullopt);
  entry.Expect("tasks_used", point ? std::optional(static_cast<double>(point->tasks_used)) : std::nullopt);
  entry.ExpectInterval(point ? point->interval : std::nullopt);
}

void CheckTries(const Entry& entry) {
  std::vector<Tries> trials;
  for (const Json& trial : entry.At("trials").items()) {
    trials.push_back({static_cast<std::uint32_t>(trial.items().at(0).AsInt()), trial.items().at(1).AsInt(),
                      trial.items().at(2).AsBool()});
  }
  const auto point = SuccessWithinTries(trials, entry.Int("query"));
  entry.Expect("value", point ? std::optional(point->value) : std::nullopt);
  entry.ExpectInterval(point ? point->interval : std::nullopt);
}

void CheckExtrapolated(const Entry& entry) {
  const auto out = ExtrapolateSuccess(entry.Tasks(), entry.Int("k"));
  EXPECT_EQ(!out.has_value(), entry.At("refused").AsBool());
  const auto field = [&](auto member) { return out ? std::optional<double>((*out).*member) : std::nullopt; };
  entry.Expect("a", field(&Extrapolation::a));
  entry.Expect("b", field(&Extrapolation::b));
  entry.Expect("loglik", field(&Extrapolation::log_likelihood));
  entry.Expect("value", field(&Extrapolation::value));
  entry.ExpectInterval(out ? std::optional(out->interval) : std::nullopt);
}

void CheckLost(const Entry& entry) {
  std::vector<LostTask> tasks;
  for (const Json& task : entry.At("tasks").items()) {
    tasks.push_back({{task.items().at(0).AsInt(), task.items().at(1).AsInt()}, task.items().at(2).AsInt()});
  }
  const auto bounds = BoundsWithLost(tasks);
  entry.Expect("best", bounds ? std::optional(bounds->best) : std::nullopt);
  entry.Expect("worst", bounds ? std::optional(bounds->worst) : std::nullopt);
  entry.ExpectInterval(bounds ? bounds->interval : std::nullopt);
  const double threshold = entry.Number("threshold");
  entry.Expect("tipping_share",
               TippingShare(tasks, [&](const TaskScores& scores) { return TasksAsDrawn(scores)->high < threshold; }));
}

void CheckRoganGladen(const Entry& entry) {
  const std::vector<double> positives = entry.Numbers("right_of_positives");
  const std::vector<double> negatives = entry.Numbers("right_of_negatives");
  const auto whole = [](double value) { return static_cast<std::int64_t>(value); };
  const ExternalCalibration known{whole(positives[0]), whole(positives[1]), whole(negatives[0]), whole(negatives[1])};
  const auto corrected = CorrectExternally(entry.Number("judged"), entry.Number("effective_n"), known);
  entry.Expect("estimate", corrected ? std::optional(corrected->estimate) : std::nullopt);
  entry.ExpectInterval(corrected ? std::optional(corrected->interval) : std::nullopt);
}

void CheckLabelledRate(const Entry& entry) {
  const auto rate = CorrectRate(entry.Judged("tasks"));
  const auto field = [&](auto member) { return rate ? std::optional<double>((*rate).*member) : std::nullopt; };
  entry.Expect("estimate", field(&CorrectedRate::estimate));
  entry.Expect("judged", field(&CorrectedRate::judged));
  entry.Expect("right_when_yes", field(&CorrectedRate::right_when_yes));
  entry.Expect("wrong_when_no", field(&CorrectedRate::wrong_when_no));
  entry.Expect("se", field(&CorrectedRate::error));
  entry.Expect("kappa", rate ? rate->kappa : std::nullopt);
  entry.ExpectInterval(rate ? std::optional(rate->interval) : std::nullopt);
}

void CheckLabelledDifference(const Entry& entry) {
  const auto out = CorrectDifference(entry.Judged("a"), entry.Judged("b"));
  entry.Expect("difference", out ? std::optional(out->difference) : std::nullopt);
  entry.Expect("se", out ? std::optional(out->error) : std::nullopt);
  entry.ExpectInterval(out ? std::optional(out->interval) : std::nullopt);
}

void CheckNextLabels(const Entry& entry) {
  const auto count = [&](const char* field) {
    const auto pair = entry.Numbers(field);
    return LabelCount{static_cast<std::int64_t>(pair[0]), static_cast<std::int64_t>(pair[1])};
  };
  const std::int64_t to_yes = NextLabelsToYes(entry.Number("judged"), count("yes"), count("no"), entry.Int("more"));
  EXPECT_EQ(to_yes, entry.Int("to_yes"));
  EXPECT_EQ(entry.Int("more") - to_yes, entry.Int("to_no"));
}

void CheckMaxT(const Entry& entry) {
  std::vector<std::vector<double>> rows;
  for (const Json& row : entry.At("differences").items()) {
    std::vector<double>& out = rows.emplace_back();
    for (const Json& value : row.items()) out.push_back(value.AsDouble());
  }
  entry.ExpectNumbers("adjusted", MaxTAdjust(rows));
}

void CheckVariance(const Entry& entry) {
  std::vector<std::uint8_t> flat;
  const auto& tasks = entry.At("trials").items();
  for (const Json& task : tasks) {
    for (const Json& seed : task.items()) {
      for (const Json& trial : seed.items()) flat.push_back(static_cast<std::uint8_t>(trial.AsInt()));
    }
  }
  const std::size_t seeds = tasks.at(0).size(), repetitions = tasks.at(0).items().at(0).size();
  const auto shares = SharesOfVariance(flat, tasks.size(), seeds, repetitions);
  ASSERT_TRUE(shares);
  entry.ExpectNumbers("components", shares->components);
  entry.ExpectNumbers("shares", shares->shares);
  entry.Expect("seed_p", shares->seed_p);
}

void CheckPower(const Entry& entry) {
  const World world{entry.Int("tasks"), entry.Int("trials_per_task"), entry.Number("baseline"), entry.Number("icc"),
                    entry.Int("cells")};
  const double sign = entry.At("direction").AsString() == "up" ? 1 : -1;
  const Chance power = PowerAt(world, sign * entry.Number("difference"), 4000);
  const std::vector<double> range = entry.Numbers("power_range");
  EXPECT_GE(power.value, range[0]) << "cells " << world.cells;
  EXPECT_LE(power.value, range[1]) << "cells " << world.cells;
  // What the reference drew, and how: it says nothing of ours.
  entry.At("adjustment"), entry.At("power_seen"), entry.At("draws");
}

void CheckLook(const Entry& entry) {
  entry.Expect("used", LookConfidence(static_cast<int>(entry.Int("look")), entry.Number("confidence")));
}

/// A draw of a test's own, so that its data are the same everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2654435761U + 1) {}
  std::int64_t Roll(std::int64_t low, std::int64_t high) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return low + static_cast<std::int64_t>((state_ >> 33U) % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

std::vector<Cluster> SomeTasks(Dice& dice, std::int64_t count) {
  std::vector<Cluster> tasks;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t n = dice.Roll(1, 8);
    tasks.push_back({dice.Roll(0, 2) == 0 ? dice.Roll(0, n) : 0, n});
  }
  return tasks;
}

using EntryCheck = void (*)(const Entry&);
const std::map<std::string, EntryCheck>& EntryChecks() {
  static const std::map<std::string, EntryCheck> checks = {{"task_rate", CheckTaskRate},
                                                           {"these_tasks", CheckTheseTasks},
                                                           {"task_difference", CheckTaskDifference},
                                                           {"these_tasks_difference", CheckTheseTasksDifference},
                                                           {"separate_tasks_difference", CheckSeparateTasks},
                                                           {"sequential_log_e", CheckSequential},
                                                           {"look_confidence", CheckLook},
                                                           {"asr_at_k", CheckAsrAtK},
                                                           {"tries_by_query", CheckTries},
                                                           {"extrapolated_asr", CheckExtrapolated},
                                                           {"missing_bounds", CheckLost},
                                                           {"rogan_gladen_interval", CheckRoganGladen},
                                                           {"labelled_rate", CheckLabelledRate},
                                                           {"labelled_difference", CheckLabelledDifference},
                                                           {"next_labels", CheckNextLabels},
                                                           {"max_t_step_down", CheckMaxT},
                                                           {"variance_shares", CheckVariance},
                                                           {"power_reference", CheckPower}};
  return checks;
}

TEST(StatisticsV2, AgreesWithEveryVector) {
  const std::string path = VectorsPath("XSWEEP_STATISTICS_V2_VECTORS", "statistics_v2.json");
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "NOT CHECKED: there are no vectors at " << path
                 << "; name the file in XSWEEP_STATISTICS_V2_VECTORS";
  }
  const auto text = ReadFile(path);
  ASSERT_TRUE(text) << path;
  const auto vectors = Json::Parse(*text, path);
  ASSERT_TRUE(vectors) << path;
  int checked = 0;
  for (const auto& [section, entries] : vectors->members()) {
    if (section == "note") continue;
    const auto check = EntryChecks().find(section);
    ASSERT_NE(check, EntryChecks().end()) << "nothing checks the section " << section;
    for (const Json& json : entries.items()) {
      SCOPED_TRACE(section);
      const Entry entry(json, section == "extrapolated_asr" ? kExtrapolatedTolerance : kTolerance);
      check->second(entry);
      entry.ExpectAllUsed();
      ++checked;
    }
  }
  EXPECT_GT(checked, 0) << path;
}

TEST(StatisticsV2, NoBoundOfARateFallsWhenAnAttackSucceeds) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Dice dice(seed);
    std::vector<Cluster> tasks = SomeTasks(dice, dice.Roll(2, 12));
    for (int step = 0; step < 6; ++step) {
      const Interval before = *TasksAsDrawn(SharesOf(tasks));
      const Interval before_these = *TheseTasks(SharesOf(tasks));
      Cluster& task = tasks[static_cast<std::size_t>(dice.Roll(0, std::ssize(tasks) - 1))];
      if (task.sum == task.n) continue;
      ++task.sum;
      const Interval after = *TasksAsDrawn(SharesOf(tasks));
      const Interval after_these = *TheseTasks(SharesOf(tasks));
      EXPECT_GE(after.high, before.high - 1e-12) << "seed " << seed;
      EXPECT_GE(after.low, before.low - 1e-12) << "seed " << seed;
      EXPECT_GE(after_these.high, before_these.high - 1e-12);
      EXPECT_GE(after_these.low, before_these.low - 1e-12);
    }
  }
}

TEST(StatisticsV2, NoBoundOfADifferenceFallsWhenAnAttackOnTheSecondSucceeds) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Dice dice(seed);
    const std::int64_t count = dice.Roll(2, 12);
    const std::vector<Cluster> a = SomeTasks(dice, count), b = SomeTasks(dice, count);
    std::vector<TaskPair> pairs;
    for (std::size_t i = 0; i < a.size(); ++i) pairs.push_back({a[i], b[i]});
    for (int step = 0; step < 6; ++step) {
      const Interval before = *ByTask(DifferencesOf(pairs));
      Cluster& task = pairs[static_cast<std::size_t>(dice.Roll(0, count - 1))].b;
      if (task.sum == task.n) continue;
      ++task.sum;
      const Interval after = *ByTask(DifferencesOf(pairs));
      EXPECT_GE(after.high, before.high - 1e-12) << "seed " << seed;
      EXPECT_GE(after.low, before.low - 1e-12) << "seed " << seed;
    }
  }
}

TEST(StatisticsV2, FiveSuccessesOf570AreNoBetterThanNone) {
  std::vector<Cluster> tasks(38, Cluster{0, 15});
  const double none = TasksAsDrawn(SharesOf(tasks))->high;
  EXPECT_NEAR(none, 0.0666, 1e-4);
  for (std::size_t i = 0; i < 5; ++i) tasks[i].sum = 1;
  EXPECT_GE(TasksAsDrawn(SharesOf(tasks))->high, none);
}

TEST(StatisticsV2, TheSmallestDifferenceIsSeenAsOftenAsItSays) {
  const World world{.tasks = 38, .trials_per_task = 5, .base = 0.3, .icc = 0.5, .cells = 1};
  const SmallestSeen seen = FindSmallestSeen(world, false);
  ASSERT_TRUE(seen.difference);
  EXPECT_LT(*seen.difference, 0);
  EXPECT_NEAR(seen.power.value, 0.8, 0.03);
  EXPECT_NEAR(PowerAt(world, *seen.difference, 4000, 77).value, 0.8, 0.03);  // fresh worlds
}

TEST(StatisticsV2, ADesignThatSeesNothingSaysSo) {
  const SmallestSeen seen = FindSmallestSeen({.tasks = 5, .trials_per_task = 15, .base = 0.3, .icc = 0.5}, true);
  EXPECT_FALSE(seen.difference);  // the signs of five tasks cannot reach a p of 0.05
  EXPECT_LT(seen.power.value, 0.8);
}

TEST(StatisticsV2, TheChanceOfAGateAddsUpAndFollowsTheThreshold) {
  const World world{.tasks = 38, .trials_per_task = 5, .base = 0.02, .icc = 0.3, .cells = 2};
  const GateChances narrow = ChancesOfGate(world, {.threshold = 0.05, .below = true}, 300);
  const GateChances wide = ChancesOfGate(world, {.threshold = 0.3, .below = true}, 300);
  EXPECT_LT(narrow.pass, wide.pass);
  EXPECT_NEAR(wide.pass + wide.fail + wide.insufficient, 1, 1e-12);
}

}  // namespace
}  // namespace xsweep::stats
