// Families of contrasts that share their tasks.
// SPDX-License-Identifier: Apache-2.0
#include "stats/families.h"

#include <algorithm>
#include <cmath>

#include "base/draw.h"
#include "base/error.h"

namespace xsweep::stats {
namespace {

constexpr int kDraws = 10'000;
/// Equal statistics that were summed in another order are equal.
constexpr double kRounding = 1e-9;

/// The contrasts that differ at all, scaled so that t is the absolute sum, largest first.
struct Family {
  std::vector<std::vector<double>> rows;
  std::vector<double> observed;
  std::vector<std::size_t> numbers;  ///< place in the caller's order
};

Family MakeFamily(std::span<const std::vector<double>> differences) {
  struct Row {
    double t;
    std::size_t number;
    double scale;
  };
  std::vector<Row> order;
  for (std::size_t k = 0; k < differences.size(); ++k) {
    double sum = 0, squares = 0;
    for (const double d : differences[k]) {
      sum += d;
      squares += d * d;
    }
    if (squares > 0) order.push_back({std::abs(sum) / std::sqrt(squares), k, 1 / std::sqrt(squares)});
  }
  std::ranges::stable_sort(order, [](const Row& a, const Row& b) { return a.t > b.t; });
  Family family;
  for (const Row& row : order) {
    family.rows.push_back(differences[row.number]);
    for (double& d : family.rows.back()) d *= row.scale;
    family.observed.push_back(row.t);
    family.numbers.push_back(row.number);
  }
  return family;
}

/// Counts, for each contrast, whether the largest flipped t of it and of all weaker ones reaches its own.
void CountFlip(const Family& family, std::span<const double> signs, std::vector<std::int64_t>& counts) {
  double largest = 0;
  for (std::size_t k = family.rows.size(); k-- > 0;) {
    const std::vector<double>& row = family.rows[k];
    double sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) sum += signs[i] * row[i];
    largest = std::max(largest, std::abs(sum));
    counts[k] += largest >= family.observed[k] - kRounding ? 1 : 0;
  }
}

std::int64_t CountAllFlips(const Family& family, std::size_t tasks, std::vector<std::int64_t>& counts) {
  std::vector<double> signs(tasks);
  const std::uint64_t flips = std::uint64_t{1} << tasks;
  for (std::uint64_t flip = 0; flip < flips; ++flip) {
    for (std::size_t i = 0; i < tasks; ++i) signs[i] = (flip >> i & 1U) != 0 ? -1 : 1;
    CountFlip(family, signs, counts);
  }
  return static_cast<std::int64_t>(flips);
}

std::int64_t CountDrawnFlips(const Family& family, std::size_t tasks, std::uint64_t seed,
                             std::vector<std::int64_t>& counts) {
  for (std::int64_t& count : counts) count = 1;  // the observed one
  std::vector<double> signs(tasks);
  for (int draw = 0; draw < kDraws; ++draw) {
    const Draws draws(seed, "sign_flip", static_cast<std::uint32_t>(draw));
    std::uint64_t coins = 0;
    for (std::size_t i = 0; i < tasks; ++i) {
      // One draw is 64 coins.
      if (i % 64 == 0) {
        coins = static_cast<std::uint64_t>(
            draws.Integer("signs", static_cast<std::uint32_t>(i / 64), INT64_MIN, INT64_MAX));
      }
      signs[i] = (coins >> (i % 64) & 1U) != 0 ? -1 : 1;
    }
    CountFlip(family, signs, counts);
  }
  return kDraws + 1;
}

}  // namespace

std::vector<double> MaxTAdjust(std::span<const std::vector<double>> differences, std::uint64_t seed) {
  std::vector<double> adjusted(differences.size(), 1.0);
  const Family family = MakeFamily(differences);
  if (family.rows.empty()) return adjusted;
  const std::size_t tasks = family.rows[0].size();
  for (const std::vector<double>& row : family.rows) CHECK(row.size() == tasks, "contrasts of one family share tasks");
  std::vector<std::int64_t> counts(family.rows.size());
  const std::int64_t flips = tasks <= kMostTasksForAllFlips ? CountAllFlips(family, tasks, counts)
                                                            : CountDrawnFlips(family, tasks, seed, counts);
  double so_far = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    so_far = std::max(so_far, static_cast<double>(counts[k]) / static_cast<double>(flips));
    adjusted[family.numbers[k]] = so_far;
  }
  return adjusted;
}

}  // namespace xsweep::stats
