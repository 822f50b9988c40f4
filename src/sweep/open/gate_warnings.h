// GateWarnings: gates that no outcome of a plan can decide, said before anything is paid for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/sweep_config.h"
#include "plan/plan.h"

namespace xsweep {

/// One sentence for each gate that no cell of the plan answers, or that could not PASS even if the attack never
/// succeeded (or every task were solved). Gates that cannot be read are left to others.
std::vector<std::string> GateWarnings(const SweepConfig& config, const Plan& plan);

}  // namespace xsweep
