// What repeated trials of one task say.
// SPDX-License-Identifier: Apache-2.0
#include "stats/repeats.h"

#include <vector>

#include "base/error.h"

namespace xsweep::stats {

double PassPower(Cluster task, int k) {
  CHECK(k >= 1 && task.n >= k && task.sum >= 0, "pass^k of fewer than k trials was asked for");
  double product = 1;
  for (int i = 0; i < k; ++i) {
    if (task.sum <= i) return 0;
    product *= static_cast<double>(task.sum - i) / static_cast<double>(task.n - i);
  }
  return product;
}

namespace {

std::vector<double> PassPowers(std::span<const Cluster> tasks, int k) {
  std::vector<double> values;
  for (const Cluster& task : tasks) {
    if (task.n >= k) values.push_back(PassPower(task, k));
  }
  return values;
}

}  // namespace

std::optional<double> MeanPassPower(std::span<const Cluster> tasks, int k) {
  const std::vector<double> values = PassPowers(tasks, k);
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::optional<double> FlipRate(std::span<const Cluster> tasks) {
  double sum = 0;
  std::int64_t usable = 0;
  for (const Cluster& task : tasks) {
    if (task.n < 2) continue;
    const auto n = static_cast<double>(task.n);
    sum += 2 * static_cast<double>(task.sum) * (n - static_cast<double>(task.sum)) / (n * (n - 1));
    ++usable;
  }
  if (usable == 0) return std::nullopt;
  return sum / static_cast<double>(usable);
}

std::optional<double> IntraclassCorrelation(std::span<const Cluster> tasks) {
  double n = 0, successes = 0, sum_of_squared_sizes = 0, groups = 0, between_raw = 0;
  for (const Cluster& task : tasks) {
    if (task.n == 0) continue;
    const auto size = static_cast<double>(task.n);
    const auto sum = static_cast<double>(task.sum);
    groups += 1;
    n += size;
    successes += sum;
    sum_of_squared_sizes += size * size;
    between_raw += sum * sum / size;
  }
  if (groups < 2 || n <= groups || successes == 0 || successes == n) return std::nullopt;
  const double between = (between_raw - successes * successes / n) / (groups - 1);
  const double within = (successes - between_raw) / (n - groups);  // squares of 0/1 are themselves
  const double size = (n - sum_of_squared_sizes / n) / (groups - 1);
  const double denominator = between + (size - 1) * within;
  if (!(denominator > 0)) return std::nullopt;
  return (between - within) / denominator;
}

}  // namespace xsweep::stats
