// Effort: success within k tries, tries to success, and what more tries would do.
// SPDX-License-Identifier: Apache-2.0
#include "stats/curve.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"

namespace xsweep::stats {
namespace {

/// C(chosen, k) / C(n, k): all k of them are among `chosen`.
double AllAmong(std::int64_t chosen, std::int64_t n, std::int64_t k) {
  if (chosen < k) return 0;
  double product = 1;
  for (std::int64_t i = 0; i < k; ++i) product *= static_cast<double>(chosen - i) / static_cast<double>(n - i);
  return product;
}

template <class Score>
TaskScores ScoresBy(std::span<const Cluster> tasks, std::int64_t k, Score score) {
  CHECK(k >= 1, "a curve begins at 1");
  TaskScores scores;
  double within = 0;
  for (const Cluster& task : tasks) {
    if (task.n < k) continue;
    scores.scores.push_back(score(task));
    within += std::min(1.0, static_cast<double>(k) / static_cast<double>(task.n));
  }
  if (!scores.scores.empty()) scores.within = std::min(1.0, within / static_cast<double>(scores.scores.size()));
  return scores;
}

std::optional<CurvePoint> PointOf(const TaskScores& scores, std::int64_t k, double confidence) {
  if (scores.scores.empty()) return std::nullopt;
  return CurvePoint{k, BaseOf(scores).estimate, std::ssize(scores.scores), TasksAsDrawn(scores, confidence)};
}

struct WeightedTrial {
  Tries tries;
  double weight;
  std::size_t task;  ///< from 0 on
};

struct TriesByTask {
  std::vector<WeightedTrial> trials;  ///< by tries made, ascending
  std::size_t tasks = 0;
};

TriesByTask Weigh(std::span<const Tries> trials) {
  std::map<std::uint32_t, std::pair<std::size_t, std::int64_t>> counts;
  for (const Tries& trial : trials) ++counts.try_emplace(trial.task, counts.size(), 0).first->second.second;
  TriesByTask out{{}, counts.size()};
  for (const Tries& trial : trials) {
    const auto& [number, n] = counts[trial.task];
    out.trials.push_back({trial, 1 / static_cast<double>(n), number});
  }
  std::ranges::stable_sort(out.trials, {}, [](const WeightedTrial& trial) { return trial.tries.queries; });
  return out;
}

/// 1 - product over tries u <= query with a success of (1 - weight of those / weight at risk), one task left out.
double KaplanMeier(const TriesByTask& all, std::int64_t query, std::size_t left_out) {
  double at_risk = 0;
  for (const WeightedTrial& trial : all.trials) at_risk += trial.task == left_out ? 0 : trial.weight;
  double survival = 1;
  for (std::size_t i = 0; i < all.trials.size() && all.trials[i].tries.queries <= query;) {
    const std::int64_t now = all.trials[i].tries.queries;
    double gone = 0, succeeded = 0;
    for (; i < all.trials.size() && all.trials[i].tries.queries == now; ++i) {
      if (all.trials[i].task == left_out) continue;
      gone += all.trials[i].weight;
      succeeded += all.trials[i].tries.success ? all.trials[i].weight : 0;
    }
    if (succeeded > 0) survival *= std::max(0.0, 1 - succeeded / at_risk);
    at_risk -= gone;
  }
  return 1 - survival;
}

double JackknifeVariance(const TriesByTask& all, std::int64_t query) {
  std::vector<double> values;
  for (std::size_t task = 0; task < all.tasks; ++task) values.push_back(KaplanMeier(all, query, task));
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return (count - 1) / count * squares;
}

/// A trial says whether it succeeds within `query` tries when it did, or when it went on for that long.
bool Known(const Tries& trial, std::int64_t query) { return trial.success || trial.queries >= query; }

std::vector<Cluster> KnownByTask(const TriesByTask& all, std::int64_t query) {
  std::vector<Cluster> tasks(all.tasks);
  for (const WeightedTrial& trial : all.trials) {
    if (!Known(trial.tries, query)) continue;
    Cluster& task = tasks[trial.task];
    task.sum += trial.tries.success && trial.tries.queries <= query ? 1 : 0;
    ++task.n;
  }
  return tasks;
}

/// Log likelihood of beta-binomial counts in (a, b) with its derivatives, as sums over single trials so that nothing
/// cancels: log B(a+s, b+f) - log B(a, b) = sum log(a+j) + sum log(b+j) - sum log(a+b+j).
struct Likelihood {
  double value = 0, a = 0, b = 0, aa = 0, ab = 0, bb = 0;
  void Run(double from, std::int64_t count, double& first, double& second) {
    for (std::int64_t j = 0; j < count; ++j) {
      const double at = from + static_cast<double>(j);
      value += std::log(at);
      first += 1 / at;
      second -= 1 / (at * at);
    }
  }
};

Likelihood LikelihoodAt(std::span<const Cluster> tasks, double a, double b) {
  Likelihood out;
  for (const Cluster& task : tasks) {
    out.Run(a, task.sum, out.a, out.aa);
    out.Run(b, task.n - task.sum, out.b, out.bb);
    double first = 0, second = 0;
    for (std::int64_t j = 0; j < task.n; ++j) {
      const double at = a + b + static_cast<double>(j);
      out.value -= std::log(at);
      first -= 1 / at;
      second += 1 / (at * at);
    }
    out.a += first;
    out.b += first;
    out.aa += second;
    out.bb += second;
    out.ab += second;
  }
  return out;
}

/// (logit mean, logit icc) and what they are as (a, b): t = (1 - icc) / icc, a = mean t, b = (1 - mean) t.
struct Point {
  double u = 0, v = 0;
  double mean() const { return 1 / (1 + std::exp(-u)); }
  double t() const { return std::exp(-v); }
  double a() const { return mean() * t(); }
  double b() const { return (1 - mean()) * t(); }
  double slope() const { return mean() * (1 - mean()) * t(); }  ///< da/du = -db/du; da/dv = -a, db/dv = -b
};

struct Gradient {
  double u = 0, v = 0;
};
struct Hessian {
  double uu = 0, uv = 0, vv = 0;
  double determinant() const { return uu * vv - uv * uv; }
  /// Beyond rounding: with one trial a task the likelihood is flat in the correlation.
  bool negative_definite() const { return uu < 0 && determinant() > 1e-10 * uu * uu; }
  /// x with H x = g.
  Gradient Solve(Gradient g) const {
    return {(vv * g.u - uv * g.v) / determinant(), (uu * g.v - uv * g.u) / determinant()};
  }
};

Gradient GradientAt(const Point& at, const Likelihood& l) {
  return {at.slope() * (l.a - l.b), -at.a() * l.a - at.b() * l.b};
}

Hessian HessianAt(const Point& at, const Likelihood& l) {
  const double s = at.slope(), a = at.a(), b = at.b();
  const double bend = s * (1 - 2 * at.mean());
  Hessian h;
  h.uu = s * s * (l.aa - 2 * l.ab + l.bb) + bend * (l.a - l.b);
  h.uv = s * (-a * l.aa + (a - b) * l.ab + b * l.bb) - s * (l.a - l.b);
  h.vv = a * a * l.aa + 2 * a * b * l.ab + b * b * l.bb + a * l.a + b * l.b;
  return h;
}

constexpr double kMostLogitIcc = 4;

struct Maximum {
  Point at;
  Hessian hessian;
  double value = 0;
};

/// Newton's steps from (logit mean, 0), halved until the likelihood grows; uphill where it is not concave.
std::optional<Maximum> Maximise(std::span<const Cluster> tasks, double mean) {
  Point at{std::log(mean / (1 - mean)), 0};
  Likelihood now = LikelihoodAt(tasks, at.a(), at.b());
  for (int i = 0; i < 200; ++i) {
    const Gradient gradient = GradientAt(at, now);
    const Hessian hessian = HessianAt(at, now);
    Gradient step = gradient;
    if (hessian.negative_definite()) {
      step = hessian.Solve(gradient);
      step = {-step.u, -step.v};
    } else {
      const double size = std::hypot(step.u, step.v);
      if (size > 1) step = {step.u / size, step.v / size};
    }
    Point next = at;
    Likelihood there;
    double share = 1;
    for (; share > 1e-12; share /= 2) {
      next = {at.u + share * step.u, at.v + share * step.v};
      if (std::abs(next.v) > 30) continue;
      there = LikelihoodAt(tasks, next.a(), next.b());
      if (there.value >= now.value) break;
    }
    if (share <= 1e-12) break;
    const double moved = std::max(std::abs(next.u - at.u), std::abs(next.v - at.v));
    at = next;
    now = there;
    if (moved < 1e-12 || std::abs(at.v) > 2 * kMostLogitIcc) break;
  }
  const Hessian hessian = HessianAt(at, now);
  if (std::abs(at.v) >= kMostLogitIcc || !hessian.negative_definite()) return std::nullopt;
  return Maximum{at, hessian, now.value};
}

bool CanExtrapolate(std::span<const Cluster> tasks, std::int64_t k) {
  const auto successes = std::ranges::count_if(tasks, [](const Cluster& task) { return task.sum > 0; });
  const auto failures = std::ranges::count_if(tasks, [](const Cluster& task) { return task.sum < task.n; });
  if (tasks.size() < 20 || successes < 10 || failures < 10) return false;
  return k <= 3 * std::ranges::min(tasks, {}, &Cluster::n).n;
}

}  // namespace

TaskScores ScoresAtK(std::span<const Cluster> tasks, std::int64_t k) {
  return ScoresBy(tasks, k, [k](const Cluster& task) { return 1 - AllAmong(task.n - task.sum, task.n, k); });
}

std::optional<CurvePoint> SuccessAtK(std::span<const Cluster> tasks, std::int64_t k, double confidence) {
  return PointOf(ScoresAtK(tasks, k), k, confidence);
}

std::optional<CurvePoint> PassAtK(std::span<const Cluster> tasks, std::int64_t k, double confidence) {
  return PointOf(ScoresBy(tasks, k, [k](const Cluster& task) { return AllAmong(task.sum, task.n, k); }), k, confidence);
}

std::optional<CurvePoint> SuccessWithinTries(std::span<const Tries> trials, std::int64_t query, double confidence) {
  if (trials.empty()) return std::nullopt;
  const TriesByTask all = Weigh(trials);
  const TaskScores known = SharesOf(KnownByTask(all, query));
  CurvePoint point{query, 0, std::ssize(known.scores), std::nullopt};
  if (std::ranges::all_of(trials, [&](const Tries& trial) { return Known(trial, query); })) {
    point.value = BaseOf(known).estimate;
    point.interval = TasksAsDrawn(known, confidence);
    return point;
  }
  point.value = KaplanMeier(all, query, all.tasks);
  if (all.tasks < 2 || known.scores.size() < 2) return point;
  ScoreBase base = BaseOf(known);
  base.estimate = point.value;
  const double variance = point.value * (1 - point.value);
  if (variance > 0) base.spread = std::max(base.spread, JackknifeVariance(all, query) / variance);
  point.interval = PlainScore(base, confidence);
  return point;
}

std::optional<Extrapolation> ExtrapolateSuccess(std::span<const Cluster> tasks, std::int64_t k, double confidence) {
  std::vector<Cluster> usable;
  std::ranges::copy_if(tasks, std::back_inserter(usable), [](const Cluster& task) { return task.n > 0; });
  if (!CanExtrapolate(usable, k)) return std::nullopt;
  const auto maximum = Maximise(usable, BaseOf(SharesOf(usable)).estimate);
  if (!maximum) return std::nullopt;
  const Point& at = maximum->at;
  Extrapolation out{.a = at.a(), .b = at.b(), .log_likelihood = maximum->value};
  // Chance of k failures: B(a, b + k) / B(a, b) = product of (b + j) / (a + b + j); its logarithm and derivatives.
  double log_failure = 0, by_a = 0, by_b = 0;
  for (std::int64_t j = 0; j < k; ++j) {
    const double b = out.b + static_cast<double>(j), both = out.a + b;
    log_failure += std::log(b / both);
    by_a -= 1 / both;
    by_b += 1 / b - 1 / both;
  }
  out.value = -std::expm1(log_failure);
  const Gradient slope{at.slope() * (by_a - by_b) / log_failure, (-at.a() * by_a - at.b() * by_b) / log_failure};
  const Gradient solved = maximum->hessian.Solve(slope);
  const double error = std::sqrt(-(slope.u * solved.u + slope.v * solved.v));
  const double g = std::log(-log_failure);
  const double half = StudentQuantile(confidence, static_cast<double>(usable.size() - 1)) * error;
  out.interval = {-std::expm1(-std::exp(g - half)), -std::expm1(-std::exp(g + half))};
  return out;
}

}  // namespace xsweep::stats
