// GateItems: gates that are written as mappings become the one-line text that everything else reads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/options/faults.h"
#include "config/yaml_tree.h"

namespace xsweep {

/// Replaces each mapping of the list by its text in place: `{asr[these_tasks]: "< 0.10", sequential: true}` becomes
/// "asr[these_tasks] < 0.10 with sequential". The first key is the rate, its value the condition; other keys are
/// options. A value that is no scalar is a fault.
void FlattenGates(MarkedValue& list, Faults& faults);

}  // namespace xsweep
