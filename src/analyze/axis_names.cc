// AxisNames: what the values of a run's axes are called.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/axis_names.h"

#include <algorithm>

#include "words/axis_words.h"

namespace xsweep {

AxisNames::AxisNames(const std::vector<CellRecord>& cells) {
  for (const CellRecord& cell : cells) {
    for (const auto& [path, value] : cell.axes) {
      if (!value.is_object() && !value.is_array()) continue;
      std::vector<Json>& values = values_[path];
      if (std::ranges::find(values, value) == values.end()) values.push_back(value);
    }
  }
}

std::string AxisNames::Of(const std::string& path, const Json& value) const {
  const auto values = values_.find(path);
  return values == values_.end() ? AxisWords(value, {}) : AxisWords(value, values->second);
}

}  // namespace xsweep
