// Simulates the statistics: false positives and coverage where trials of one task resemble each other.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <boost/math/distributions/beta.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include "base/draw.h"
#include "stats/task_difference.h"

namespace xsweep {
namespace {

struct World {
  double rate;
  double icc;
  int tasks = 50;
  int trials = 10;
};

/// Quantiles of the beta distribution of task rates with mean `rate` and intra-task correlation `icc`, by table.
std::vector<double> TaskRates(World world) {
  constexpr int kSteps = 20000;
  const double scale = (1 - world.icc) / world.icc;
  const boost::math::beta_distribution<> rates(world.rate * scale, (1 - world.rate) * scale);
  std::vector<double> table(kSteps);
  for (int i = 0; i < kSteps; ++i) table[static_cast<std::size_t>(i)] = quantile(rates, (i + 0.5) / kSteps);
  return table;
}

struct Arms {
  std::vector<stats::Cluster> a;
  std::vector<stats::TaskPair> pairs;
};

/// One run under the null: both arms have each task's rate.
Arms Simulate(World world, const std::vector<double>& rates, std::uint64_t run) {
  Arms arms;
  for (int task = 0; task < world.tasks; ++task) {
    const Draws draws(run, "simulated", static_cast<std::uint32_t>(task));
    const double rate = rates[static_cast<std::size_t>(draws.Uniform("task", 0) * static_cast<double>(rates.size()))];
    stats::Cluster a{0, world.trials};
    stats::Cluster b{0, world.trials};
    for (std::uint32_t trial = 0; trial < static_cast<std::uint32_t>(world.trials); ++trial) {
      const bool in_a = draws.Uniform("a", trial) < rate;
      const bool in_b = draws.Uniform("b", trial) < rate;
      a.sum += in_a ? 1 : 0;
      b.sum += in_b ? 1 : 0;
    }
    arms.a.push_back(a);
    arms.pairs.push_back({a, b});
  }
  return arms;
}

struct Shares {
  int drawn = 0, these = 0, wilson = 0, paired = 0, sign_flip = 0;
};

void Report(World world, int runs) {
  const std::vector<double> rates = TaskRates(world);
  double mean = 0;
  for (const double rate : rates) mean += rate / static_cast<double>(rates.size());
  const auto holds = [&](const stats::Interval& interval, double truth) {
    return interval.low <= truth && truth <= interval.high ? 1 : 0;
  };
  Shares shares;
  for (int run = 0; run < runs; ++run) {
    const Arms arms = Simulate(world, rates, static_cast<std::uint64_t>(run));
    stats::Proportion pooled;
    for (const stats::Cluster& task : arms.a) pooled = {pooled.successes + task.sum, pooled.n + task.n};
    const stats::TaskScores scores = stats::SharesOf(arms.a);
    shares.drawn += holds(*stats::TasksAsDrawn(scores), mean);
    shares.these += holds(*stats::TheseTasks(scores), mean);
    shares.wilson += holds(*stats::Wilson(pooled), mean);
    shares.paired += 1 - holds(*stats::ByTask(stats::DifferencesOf(arms.pairs)), 0);
    shares.sign_flip += stats::SignFlipByTask(arms.pairs) <= 0.05 ? 1 : 0;
  }
  const auto percent = [](int count, int of) { return 100.0 * count / of; };
  fmt::print("{:>5.2f} {:>5.2f} {:>6} {:>7} | {:>9.1f} {:>9.1f} {:>9.1f} | {:>9.1f} {:>9.1f}\n", world.rate, world.icc,
             world.tasks, world.trials, percent(shares.drawn, runs), percent(shares.these, runs),
             percent(shares.wilson, runs), percent(shares.paired, runs), percent(shares.sign_flip, runs));
}

}  // namespace
}  // namespace xsweep

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 4000;
  if (runs < 1) {
    fmt::print(stderr, "usage: coverage_bench [RUNS]\n");
    return 2;
  }
  fmt::print("{} runs a row; 95 % intervals hold the truth in % of runs, and false positives in % under the null\n",
             runs);
  fmt::print("{:>5} {:>5} {:>6} {:>7} | {:>9} {:>9} {:>9} | {:>9} {:>9}\n", "rate", "icc", "tasks", "trials",
             "as drawn", "these", "unclust.", "paired", "sign flip");
  for (const double rate : {0.3, 0.5, 0.2, 0.1, 0.05}) xsweep::Report({rate, 0.7}, runs);
  xsweep::Report({0.3, 0.2}, runs);
  xsweep::Report({0.3, 0.01}, runs);
  xsweep::Report({0.3, 0.7, 12, 10}, runs);
}
