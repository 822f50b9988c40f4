// PowerWords: what a planned design can see, simulated through the program's own intervals and tests, as text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/sweep_config.h"
#include "plan/plan.h"
#include "stats/simulate.h"

namespace xsweep {

/// A design and what is assumed of it.
struct PowerQuestion {
  stats::World world;
  std::string assumed_from;                  ///< where base rate and likeness come from; empty: said or by habit
  std::vector<std::string> gates;            ///< as the config has them
  std::optional<double> cost_per_trial_usd;  ///< empty: not known
  std::optional<double> difference;          ///< to be priced, signed
};

/// Base rate and likeness of a run's control cell, or of its worst cell where it has no control. Fails as AggregateRun
/// does, and with kUser for a run without an attacked cell that has a rate.
struct BaseRate {
  double rate = 0.3;
  double icc = 0.5;
  std::string cell;
};
Expected<BaseRate> BaseRateOf(const std::filesystem::path& run);

/// Takes the design from a config and its plan, and the estimate of what a trial costs where nobody has said it.
void DescribeDesign(const SweepConfig& config, const Plan& plan, const BaseRate& base, PowerQuestion& question);

/// Fails with kUser for impossible numbers, naming the one.
Expected<std::string> PowerText(const PowerQuestion& question);

}  // namespace xsweep
