// A difference of two rates, B minus A.
// SPDX-License-Identifier: Apache-2.0
#include "stats/task_difference.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "stats/tests.h"

namespace xsweep::stats {
namespace {

/// Tasks that the bound's walk lets become failures on B and successes on A altogether.
constexpr std::size_t kFlipped = 3;
/// 1 .. 7, 8, 9 and 10 divide it: shares of few trials are whole numbers of these parts.
constexpr std::int64_t kParts = 5040;

struct Sums {
  double sum = 0, squares = 0, magnitude = 0;
  void Add(double d) {
    sum += d;
    squares += d * d;
    magnitude += std::abs(d);
  }
};

/// m + sqrt(t^2 V + (W0 / (W0 + nu) U0)^2), nu the Kish number of tasks that differ.
double RawUpper(const Sums& sums, std::size_t tasks, double quantile, double nothing_seen) {
  const auto count = static_cast<double>(tasks);
  const double mean = sums.sum / count;
  const double variance = std::max(0.0, (sums.squares - count * mean * mean) / (count * (count - 1)));
  const double differing = sums.squares > 0 ? sums.magnitude * sums.magnitude / sums.squares : 0;
  const double hidden = kBelievedDifferingTasks / (kBelievedDifferingTasks + differing) * nothing_seen;
  return mean + std::sqrt(quantile * quantile * variance + hidden * hidden);
}

/// `sorted` ascends. The r smallest positive ones become 0, then the k smallest of all -1; the largest bound of those.
double UpperBound(std::span<const double> sorted, double quantile, double nothing_seen) {
  const auto positive =
      static_cast<std::size_t>(std::ranges::find_if(sorted, [](double d) { return d > 0; }) - sorted.begin());
  double best = -1;
  for (std::size_t k = 0; k <= std::min(kFlipped, sorted.size()); ++k) {
    Sums base;
    for (std::size_t i = 0; i < k; ++i) base.Add(-1);
    for (std::size_t i = k; i < positive; ++i) base.Add(sorted[i]);
    // From the largest positive one down, so that each step adds one to the running sums.
    best = std::max(best, RawUpper(base, sorted.size(), quantile, nothing_seen));
    for (std::size_t i = sorted.size(); i-- > std::max(k, positive);) {
      base.Add(sorted[i]);
      best = std::max(best, RawUpper(base, sorted.size(), quantile, nothing_seen));
    }
  }
  return std::min(1.0, best);
}

double Share(const Cluster& task) { return static_cast<double>(task.sum) / static_cast<double>(task.n); }

Interval Hybrid(double a, Interval of_a, double b, Interval of_b) {
  const double d = b - a;
  return {std::max(-1.0, d - std::hypot(b - of_b.low, of_a.high - a)),
          std::min(1.0, d + std::hypot(of_b.high - b, a - of_a.low))};
}

bool AllEqual(std::span<const TaskPair> pairs) {
  return std::ranges::all_of(
      pairs, [&](const TaskPair& pair) { return pair.a.n == pairs[0].a.n && pair.b.n == pairs[0].a.n; });
}

/// sign(d) floor(5040 |d| + 1/2), exactly.
std::int64_t InParts(const TaskPair& pair) {
  const std::int64_t numerator = pair.b.sum * pair.a.n - pair.a.sum * pair.b.n;
  const std::int64_t denominator = pair.a.n * pair.b.n;
  CHECK(denominator < INT64_MAX / (4 * kParts), "a task has more trials than its difference can be counted in");
  const std::int64_t parts = (2 * kParts * std::abs(numerator) + denominator) / (2 * denominator);
  return numerator < 0 ? -parts : parts;
}

/// Mass of each number of successes of B in one task, from the lowest possible one on; the ratio of neighbours is
/// walked, so that no large numbers cancel.
std::vector<double> HypergeometricMasses(const TaskPair& pair) {
  const std::int64_t successes = pair.a.sum + pair.b.sum;
  const std::int64_t low = std::max<std::int64_t>(0, successes - pair.a.n);
  const std::int64_t high = std::min(pair.b.n, successes);
  std::vector<double> mass(static_cast<std::size_t>(high - low + 1));
  const auto mode =
      std::clamp(static_cast<std::int64_t>(static_cast<double>(pair.b.n + 1) * static_cast<double>(successes + 1) /
                                           static_cast<double>(pair.a.n + pair.b.n + 2)),
                 low, high);
  const auto ratio = [&](std::int64_t k) {  // P(k + 1) / P(k)
    return static_cast<double>(pair.b.n - k) * static_cast<double>(successes - k) /
           (static_cast<double>(k + 1) * static_cast<double>(pair.a.n - successes + k + 1));
  };
  mass[static_cast<std::size_t>(mode - low)] = 1;
  double total = 1, weight = 1;
  for (std::int64_t k = mode; k < high; ++k) total += mass[static_cast<std::size_t>(k + 1 - low)] = weight *= ratio(k);
  weight = 1;
  for (std::int64_t k = mode; k > low; --k)
    total += mass[static_cast<std::size_t>(k - 1 - low)] = weight /= ratio(k - 1);
  for (double& value : mass) value /= total;
  return mass;
}

struct Masses {
  std::vector<double> at{1.0};
  std::int64_t first = 0;  ///< the total that at[0] speaks of
};

/// Masses below this decide nothing and are dropped at both ends, so that large tables stay small.
constexpr double kNegligible = 1e-30;

void Trim(Masses& masses) {
  std::size_t begin = 0, end = masses.at.size();
  while (end - begin > 1 && masses.at[begin] < kNegligible) ++begin;
  while (end - begin > 1 && masses.at[end - 1] < kNegligible) --end;
  masses.first += static_cast<std::int64_t>(begin);
  masses.at = std::vector<double>(masses.at.begin() + static_cast<std::ptrdiff_t>(begin),
                                  masses.at.begin() + static_cast<std::ptrdiff_t>(end));
}

void Convolve(const std::vector<double>& more, std::int64_t first, Masses& masses) {
  std::vector<double> out(masses.at.size() + more.size() - 1);
  for (std::size_t i = 0; i < masses.at.size(); ++i) {
    for (std::size_t j = 0; j < more.size(); ++j) out[i + j] += masses.at[i] * more[j];
  }
  masses.at = std::move(out);
  masses.first += first;
  Trim(masses);
}

}  // namespace

TaskDifferences DifferencesOf(std::span<const TaskPair> pairs) {
  TaskDifferences out;
  double within = 0;
  for (const TaskPair& pair : pairs) {
    if (pair.a.n == 0 || pair.b.n == 0) continue;
    out.differences.push_back(Share(pair.b) - Share(pair.a));
    within += 1 / static_cast<double>(std::min(pair.a.n, pair.b.n));
  }
  if (!out.differences.empty()) out.within = std::min(1.0, within / static_cast<double>(out.differences.size()));
  return out;
}

Interval ByTaskWith(const TaskDifferences& tasks, double quantile, double nothing_seen) {
  std::vector<double> sorted = tasks.differences;
  std::ranges::sort(sorted);
  const double high = UpperBound(sorted, quantile, nothing_seen);
  for (double& d : sorted) d = -d;
  std::ranges::reverse(sorted);
  return {-UpperBound(sorted, quantile, nothing_seen), high};
}

std::optional<Interval> ByTask(const TaskDifferences& tasks, double confidence) {
  const std::size_t count = tasks.differences.size();
  if (count < 2) return std::nullopt;
  return ByTaskWith(tasks, StudentQuantile(confidence, static_cast<double>(count - 1)),
                    NothingSeen(count, tasks.within, confidence));
}

double SignFlipByTask(std::span<const TaskPair> pairs, std::uint64_t seed) {
  std::vector<TaskPair> usable;
  for (const TaskPair& pair : pairs) {
    if (pair.a.n > 0 && pair.b.n > 0) usable.push_back(pair);
  }
  if (usable.empty()) return 1;
  const bool equal = AllEqual(usable);
  std::vector<std::int64_t> differences;
  differences.reserve(usable.size());
  for (const TaskPair& pair : usable) differences.push_back(equal ? pair.b.sum - pair.a.sum : InParts(pair));
  return SignFlips(differences, seed);
}

std::optional<Interval> WithinTheseTasks(std::span<const TaskPair> pairs, double confidence) {
  std::vector<Cluster> of_a, of_b;
  for (const TaskPair& pair : pairs) {
    if (pair.a.n == 0 || pair.b.n == 0) continue;
    of_a.push_back(pair.a);
    of_b.push_back(pair.b);
  }
  if (of_a.empty()) return std::nullopt;
  const TaskScores a = SharesOf(of_a), b = SharesOf(of_b);
  return Hybrid(BaseOf(a).estimate, *TheseTasks(a, confidence), BaseOf(b).estimate, *TheseTasks(b, confidence));
}

double StratifiedExact(std::span<const TaskPair> pairs) {
  Masses masses;
  std::int64_t observed = 0;
  for (const TaskPair& pair : pairs) {
    if (pair.a.n == 0 || pair.b.n == 0) continue;
    observed += pair.b.sum;
    Convolve(HypergeometricMasses(pair), std::max<std::int64_t>(0, pair.a.sum + pair.b.sum - pair.a.n), masses);
  }
  const std::int64_t at = observed - masses.first;
  if (at < 0 || at >= std::ssize(masses.at)) return 0;  // trimmed: rarer than anything that counts
  // Totals as likely as the one seen count; rounding gets the same allowance as in scipy and R.
  const double limit = masses.at[static_cast<std::size_t>(at)] * (1 + 1e-7);
  double p = 0;
  for (const double mass : masses.at) p += mass <= limit ? mass : 0;
  return std::min(1.0, p);
}

std::optional<Interval> SeparateTasks(const TaskScores& a, const TaskScores& b, double confidence) {
  const auto of_a = TasksAsDrawn(a, confidence);
  const auto of_b = TasksAsDrawn(b, confidence);
  if (!of_a || !of_b) return std::nullopt;
  return Hybrid(BaseOf(a).estimate, *of_a, BaseOf(b).estimate, *of_b);
}

}  // namespace xsweep::stats
