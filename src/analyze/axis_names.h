// AxisNames: what the values of a run's axes are called.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "record/manifest.h"

namespace xsweep {

class AxisNames {
 public:
  /// Of all cells of a run: a part is named by what differs from the others of its axis.
  explicit AxisNames(const std::vector<CellRecord>& cells);
  std::string Of(const std::string& path, const Json& value) const;

 private:
  std::map<std::string, std::vector<Json>> values_;  // distinct, of the axes whose values are no plain ones
};

}  // namespace xsweep
