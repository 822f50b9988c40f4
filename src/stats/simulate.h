// Power by simulation: the intervals and tests themselves, run on drawn worlds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "stats/intervals.h"

namespace xsweep::stats {

/// A design to be drawn: `cells` arms against one control over the same tasks. Rates of tasks come from a beta
/// distribution with this mean and intraclass correlation.
struct World {
  std::int64_t tasks = 2;            ///< at least 2
  std::int64_t trials_per_task = 1;  ///< at least 1
  double base = 0.3;                 ///< in [0, 1]
  double icc = 0.5;                  ///< in [0, 1]
  std::int64_t cells = 1;
};

/// A chance that was simulated.
struct Chance {
  double value = 0;
  std::int64_t worlds = 0;
  double error() const;  ///< Monte-Carlo standard error
};

/// Chance that the first cell is told from the control when its rate differs by `difference`: a task's rate p becomes
/// p (1 - e / base) for a fall and p + (1 - p) e / (1 - base) for a rise, the other cells do not differ; better or
/// worse is said when p, adjusted by max-t over all cells, is at most 0.05 and the interval leaves out 0. Draws are a
/// pure function of (seed, world, task, trial), the same for every difference.
Chance PowerAt(const World& world, double difference, std::int64_t worlds, std::uint64_t seed = 1);

/// Smallest difference that is seen with a chance of 80 %.
struct SmallestSeen {
  std::optional<double> difference;  ///< signed; empty: not even the largest possible one
  Chance power;                      ///< of that one, or of the largest possible one, in fresh worlds
};
SmallestSeen FindSmallestSeen(const World& world, bool rise, std::uint64_t seed = 1);

/// The size alone, from 8 halvings with so many worlds each: a figure to be printed without digits.
std::optional<double> RoughlySeen(const World& world, bool rise, std::int64_t worlds, std::uint64_t seed = 1);

/// Chances of a gate `rate.upper95 < threshold` (or `lower95 > threshold`) over all cells when every one has the base
/// rate.
struct GateChances {
  double pass = 0, fail = 0, insufficient = 0;
  std::int64_t worlds = 0;
};
struct GateQuestion {
  double threshold = 0.1;
  bool below = true;  ///< upper bound below the threshold; otherwise lower bound above it
  bool these_tasks = false;
};
GateChances ChancesOfGate(const World& world, const GateQuestion& gate, std::int64_t worlds, std::uint64_t seed = 1);

}  // namespace xsweep::stats
