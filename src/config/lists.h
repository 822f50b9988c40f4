// The lists a config writes in short: seeds and tasks, as numbers, names and ranges "a..b".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/options/faults.h"
#include "config/yaml_tree.h"

namespace xsweep {

/// [41, 42], ["1..4", 9] or 1..64: distinct seeds from 0 to 2^63 - 1, at most a million, in the order given.
std::vector<std::uint64_t> CheckSeeds(const MarkedValue& node, Faults& faults);
/// all (empty result), [id, 17, "20..29"] or 0..49: distinct task ids in the order given.
std::vector<std::string> CheckTasks(const MarkedValue& node, Faults& faults);

/// The seeds as CheckSeeds reads them: "1..64" for four or more consecutive ones, else a list.
Json SeedsInShort(const std::vector<std::uint64_t>& seeds);

}  // namespace xsweep
