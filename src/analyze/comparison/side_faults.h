// SideFaults: why one run is no side of a comparison, whatever the other is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "analyze/comparison/trial_table.h"

namespace xsweep {

/// Plain words; empty where there is nothing to say.
struct SideFaults {
  std::string damage;  ///< rows that are not those of the run's plan
  std::string errors;  ///< more errors than the run allows
};
SideFaults FaultsOf(const TrialTable& table);

}  // namespace xsweep
