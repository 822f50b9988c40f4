// One episode of a result file of tau-bench v1 or tau2-bench.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "foreign/facts.h"

namespace xsweep {

/// v1: {task_id, reward, info, traj, trial}. Fails with kUser for an entry that is none.
Expected<ForeignTrial> ReadTau1(const Json& entry, const std::string& where);
/// tau2: one of the simulations. Fails as the other does.
Expected<ForeignTrial> ReadTau2(const Json& entry, const std::string& where);

}  // namespace xsweep
