// A rate over tasks: the moderated score interval.
// SPDX-License-Identifier: Apache-2.0
#include "stats/task_rate.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"

namespace xsweep::stats {
namespace {

/// Neumaier's sum: the walk over ten thousand tasks and more loses no digit.
class Sum {
 public:
  void Add(double value) {
    const double next = sum_ + value;
    lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - next) + value : (value - next) + sum_;
    sum_ = next;
  }
  double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

/// `base` of the sums of C scores: S their sum, Q2 the sum of their squares, h the part within tasks.
ScoreBase BaseFromSums(std::size_t tasks, double sum, double squares, double within) {
  const auto count = static_cast<double>(tasks);
  ScoreBase base;
  base.estimate = std::clamp(sum / count, 0.0, 1.0);
  if (within >= 1) {
    base.spread = 1 / count;  // one trial a task: nothing is clustered
    return base;
  }
  const double variance = base.estimate * (1 - base.estimate);
  if (variance > 1e-15) {
    const double between =
        std::max(0.0, (squares - count * base.estimate * base.estimate) / (count * std::max(count - 1, 1.0)));
    base.icc_seen = std::clamp((between * count / (variance + between) - within) / (1 - within), 0.0, 1.0);
    const double failures = count - sum;
    base.weight = std::min(sum * sum / squares, failures * failures / (count - 2 * sum + squares));
  }
  const double believed = tasks < kFewTasks ? 1 : kBelievedIcc;
  base.icc_used = std::max(base.icc_seen,
                           (base.weight * base.icc_seen + kBelievedTasks * believed) / (base.weight + kBelievedTasks));
  base.spread = (within + (1 - within) * base.icc_used) / count;
  base.freedom = (base.weight + kBelievedFreedom) / ((1 - within) * (1 - within));
  return base;
}

/// Wilson's upper bound at estimate p and n = 1 / D.
double RawUpper(const ScoreBase& base, double quantile) {
  if (base.estimate >= 1) return 1;
  const double k = quantile * quantile * base.spread;
  const double variance = base.estimate * (1 - base.estimate);
  return std::min(1.0, (base.estimate + k / 2 + std::sqrt(k * variance + k * k / 4)) / (1 + k));
}

/// The largest raw bound over the scores with the j smallest set to 0, j = 0..C. For a given sum the raw bound grows
/// with the sum of squares alone, and keeping the largest scores whole makes that largest: so this is the largest over
/// all data in which some successes had been failures. Quantiles are dear, so the largest possible one goes first and
/// the true one is taken only where that could still win.
double UpperBound(std::vector<double> scores, double within, double confidence) {
  std::ranges::sort(scores, std::greater{});
  std::vector<std::pair<double, double>> sums{{0, 0}};  // of the largest i scores: sum, sum of squares
  Sum sum, squares;
  for (const double score : scores) {
    sum.Add(score);
    squares.Add(score * score);
    sums.emplace_back(sum.value(), squares.value());
  }
  const double largest_quantile = QuantileOf(confidence, BaseFromSums(scores.size(), 0, 0, within).freedom);
  double best = 0;
  for (std::size_t i = sums.size(); i-- > 0;) {
    const ScoreBase base = BaseFromSums(scores.size(), sums[i].first, sums[i].second, within);
    const double at_most = RawUpper(base, largest_quantile);
    if (at_most <= best) continue;
    const bool exact = !base.freedom || base.weight == 0;
    best = std::max(best, exact ? at_most : RawUpper(base, QuantileOf(confidence, base.freedom)));
  }
  return best;
}

}  // namespace

TaskScores SharesOf(std::span<const Cluster> tasks) {
  TaskScores out;
  double within = 0;
  for (const Cluster& task : tasks) {
    if (task.n == 0) continue;
    out.scores.push_back(static_cast<double>(task.sum) / static_cast<double>(task.n));
    within += 1 / static_cast<double>(task.n);
  }
  if (!out.scores.empty()) out.within = std::min(1.0, within / static_cast<double>(out.scores.size()));
  return out;
}

ScoreBase BaseOf(const TaskScores& tasks) {
  CHECK(!tasks.scores.empty(), "a rate over no task was asked for");
  Sum sum, squares;
  for (const double score : tasks.scores) {
    sum.Add(score);
    squares.Add(score * score);
  }
  return BaseFromSums(tasks.scores.size(), sum.value(), squares.value(), tasks.within);
}

double QuantileOf(double confidence, std::optional<double> freedom) {
  return freedom ? StudentQuantile(confidence, *freedom) : NormalQuantile(confidence);
}

Interval PlainScore(const ScoreBase& base, double confidence) {
  return WilsonScore(base.estimate, 1 / base.spread, QuantileOf(confidence, base.freedom));
}

double NothingSeen(std::size_t tasks, double within, double confidence) {
  const ScoreBase base = BaseFromSums(tasks, 0, 0, within);
  return RawUpper(base, QuantileOf(confidence, base.freedom));
}

std::optional<Interval> TasksAsDrawn(const TaskScores& tasks, double confidence) {
  if (tasks.scores.size() < 2) return std::nullopt;
  std::vector<double> failures;
  failures.reserve(tasks.scores.size());
  for (const double score : tasks.scores) failures.push_back(1 - score);
  // A bound at an estimate of 0 or 1 is the estimate itself; rounding must not move it.
  return Interval{std::max(0.0, 1 - UpperBound(std::move(failures), tasks.within, confidence)),
                  UpperBound(tasks.scores, tasks.within, confidence)};
}

std::optional<Interval> TheseTasks(const TaskScores& tasks, double confidence) {
  if (tasks.scores.empty()) return std::nullopt;
  const ScoreBase base = BaseOf(tasks);
  const double n = static_cast<double>(tasks.scores.size()) / tasks.within;
  return WilsonScore(base.estimate, n, NormalQuantile(confidence));
}

}  // namespace xsweep::stats
