// One section of a config (a role, or the model of a role) together with the grid axes that reach into it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/options/faults.h"
#include "base/options/option.h"
#include "config/sweep_config.h"
#include "config/yaml_tree.h"

namespace xsweep {

/// One axis as it stands in the file: its path is known to lead into a section, its values are not checked yet.
struct AxisRequest {
  enum class Reach { kWhole, kName, kOption };
  std::string path;
  Mark at;
  std::vector<MarkedValue> values;
  std::string section;  ///< "defense", "models.agent"
  Reach reach = Reach::kOption;
  std::string option;  ///< of kOption
};

/// The axes of `grid` in its order. Refuses what is no list of values, an empty list, a path that leads nowhere, axes
/// over the task list, and an axis inside another one.
std::vector<AxisRequest> ReadGrid(const MarkedValue& grid, const PartSpecs& specs, Faults& faults);

struct CheckedSection {
  std::optional<PartConfig> part;             ///< empty when the section is absent or wrong
  std::optional<SectionVariants> variants;    ///< when an axis chooses the part
  std::vector<std::optional<GridAxis>> axes;  ///< one for each request, empty for other sections' or wrong ones
};

/// Checks a section and the values of its axes. `node` is nullptr when the file does not have it: then the part is
/// what the axes say, `absent_name` if that is not empty, or nothing. The key `tasks` of an environment is passed over.
CheckedSection CheckSection(const std::string& section, const MarkedValue* node, std::string_view absent_name,
                            const std::vector<AxisRequest>& requests, const PartSpecs& specs, Faults& faults);

}  // namespace xsweep
