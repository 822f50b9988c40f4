// Dialogues: which trials of a plan are one dialogue.
// SPDX-License-Identifier: Apache-2.0
#include "plan/dialogues.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace xsweep {

Dialogues::Dialogues(const std::vector<std::string>& kinds, std::uint64_t trials_per_cell)
    : per_cell_(trials_per_cell) {
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (std::uint32_t cell = 0; cell < kinds.size(); ++cell) {
    const auto [family, added] = known.emplace(kinds[cell], static_cast<std::uint32_t>(families_.size()));
    if (added) families_.emplace_back();
    families_[family->second].push_back(cell);
    family_of_.push_back(family->second);
  }
}

std::uint64_t Dialogues::TrialsWithin(std::uint64_t begin, std::uint64_t end) const {
  std::uint64_t trials = 0;
  while (begin < end) {
    const std::uint64_t family_end = std::min(end, (begin / per_cell_ + 1) * per_cell_);
    trials += (family_end - begin) * Cells(begin).size();
    begin = family_end;
  }
  return trials;
}

}  // namespace xsweep
