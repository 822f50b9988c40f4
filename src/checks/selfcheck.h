// Selfcheck: whether an environment's tasks can be done, its goals reached and its controls trusted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sweep/open/experiment.h"

namespace xsweep {

/// Plays every task and every goal of the experiment's environment, declared ones included, with agents whose conduct
/// is known. Says one line for each finding; `attack` names an attack of the benchmark itself whose texts are planted
/// (empty: one of ours). True when every claim held. A goal without calls is "not proved", which is no failure.
Expected<bool> Selfcheck(const Experiment& opened, const std::string& attack,
                         const std::function<void(std::string_view line)>& say);

}  // namespace xsweep
