// Flags that several commands share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/arguments.h"
#include "sweep/open/experiment.h"
#include "sweep/open/open_environment.h"

namespace xsweep {

/// --exp, --seeds, --trials, --mode, --set, --prices.
void DeclareOverrides(Arguments& arguments, OverrideFlags& flags);
/// --data and --option; the environment's name is the command's own business.
void DeclareEnvironment(Arguments& arguments, EnvironmentFlags& flags);

}  // namespace xsweep
