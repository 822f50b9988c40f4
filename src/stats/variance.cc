// Shares of variance of a crossed layout.
// SPDX-License-Identifier: Apache-2.0
#include "stats/variance.h"

#include <algorithm>
#include <boost/math/distributions/fisher_f.hpp>
#include <vector>

#include "base/error.h"
#include "stats/in_double.h"

namespace xsweep::stats {
namespace {

struct MeanSquares {
  double task = 0, seed = 0, both = 0, trial = 0;
};

MeanSquares MeanSquaresOf(std::span<const std::uint8_t> trials, std::size_t tasks, std::size_t seeds,
                          std::size_t repetitions) {
  const auto t = static_cast<double>(tasks), s = static_cast<double>(seeds), r = static_cast<double>(repetitions);
  // Sums first, which are whole numbers, then one division for each mean.
  std::vector<double> of_task(tasks), of_seed(seeds), of_both(tasks * seeds);
  double all = 0;
  for (std::size_t i = 0; i < of_both.size(); ++i) {
    for (const std::uint8_t trial : trials.subspan(i * repetitions, repetitions)) of_both[i] += trial;
    of_task[i / seeds] += of_both[i];
    of_seed[i % seeds] += of_both[i];
    all += of_both[i];
  }
  for (double& mean : of_task) mean /= s * r;
  for (double& mean : of_seed) mean /= t * r;
  for (double& mean : of_both) mean /= r;
  all /= t * s * r;
  MeanSquares out;
  const auto square = [](double value) { return value * value; };
  for (const double mean : of_task) out.task += s * r * square(mean - all) / (t - 1);
  for (const double mean : of_seed) out.seed += t * r * square(mean - all) / (s - 1);
  for (std::size_t i = 0; i < of_both.size(); ++i) {
    out.both += r * square(of_both[i] - of_task[i / seeds] - of_seed[i % seeds] + all) / ((t - 1) * (s - 1));
  }
  for (std::size_t i = 0; i < of_both.size(); ++i) {
    for (const std::uint8_t trial : trials.subspan(i * repetitions, repetitions))
      out.trial += square(trial - of_both[i]);
  }
  out.trial /= t * s * (r - 1);
  return out;
}

std::optional<double> SeedP(const MeanSquares& squares, double tasks, double seeds) {
  constexpr double kNothing = 1e-14;
  if (squares.both <= kNothing) return squares.seed <= kNothing ? std::nullopt : std::optional(0.0);
  const boost::math::fisher_f_distribution<double, InDouble> f(seeds - 1, (tasks - 1) * (seeds - 1));
  return boost::math::cdf(boost::math::complement(f, squares.seed / squares.both));
}

}  // namespace

std::optional<VarianceShares> SharesOfVariance(std::span<const std::uint8_t> trials, std::size_t tasks,
                                               std::size_t seeds, std::size_t repetitions) {
  if (tasks < 2 || seeds < 2 || repetitions < 2) return std::nullopt;
  CHECK(trials.size() == tasks * seeds * repetitions, "a crossed layout has a trial in every place");
  const MeanSquares squares = MeanSquaresOf(trials, tasks, seeds, repetitions);
  const auto t = static_cast<double>(tasks), s = static_cast<double>(seeds), r = static_cast<double>(repetitions);
  VarianceShares out;
  out.components = {std::max(0.0, (squares.task - squares.both) / (s * r)),
                    std::max(0.0, (squares.seed - squares.both) / (t * r)),
                    std::max(0.0, (squares.both - squares.trial) / r), squares.trial};
  double total = 0;
  for (const double component : out.components) total += component;
  for (std::size_t i = 0; i < 4 && total > 0; ++i) out.shares[i] = out.components[i] / total;
  out.seed_p = SeedP(squares, t, s);
  return out;
}

}  // namespace xsweep::stats
