// The defenses, by name. All are described in docs/attacks.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "episode/catalog.h"

namespace xsweep {

using DefenseEntry = PartEntry<PartFactory<Defense>>;

DefenseEntry NoDefenseEntry();        ///< none
DefenseEntry RefundLimitEntry();      ///< refund_limit: no call that names more money than a threshold
DefenseEntry BlockEverythingEntry();  ///< block_everything: a control that denies every call

const std::vector<DefenseEntry>& DefenseTable();

}  // namespace xsweep
