// The grid of a config: which axes there are and where they lead.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/keys.h"
#include "config/section.h"

namespace xsweep {
namespace {

/// Every path an axis could have with these parts, for suggestions.
std::vector<std::string> AllAxisPaths(const PartSpecs& specs) {
  std::vector<std::string> paths;
  for (const std::string& section : AllSections()) {
    if (section != "environment") paths.push_back(section);
    if (section != "environment") paths.push_back(fmt::format("{}.{}", section, NameKey(section)));
    for (const PartSpec& part : SpecsOf(section, specs)) {
      for (const OptionSpec& option : part.options) {
        if (section == "environment" && ChangesTasks(option.name)) continue;
        std::string path = section + "." + option.name;
        if (std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
      }
    }
  }
  return paths;
}

/// The section that `path` leads into: the path itself or its start up to a dot.
const std::string* SectionOf(const std::string& path) {
  for (const std::string& section : AllSections()) {
    if (path == section || path.starts_with(section + ".")) return &section;
  }
  return nullptr;
}

void AddNowhere(const AxisRequest& axis, const PartSpecs& specs, Faults& faults) {
  const std::string start = Split(axis.path, '.').front();
  const bool known = std::ranges::any_of(TopKeys(), [&](const KeySpec& key) { return key.option.name == start; });
  if (known && start != "models") {
    return faults.Add(axis.at, fmt::format("`{}` cannot be an axis; axes lead into agent, attack, defense, judge, "
                                           "environment and models",
                                           Printable(axis.path)));
  }
  faults.Add(axis.at, fmt::format("grid axis `{}` does not exist{}", Printable(axis.path),
                                  DidYouMean(axis.path, AllAxisPaths(specs))));
}

bool FindTarget(AxisRequest& axis, const PartSpecs& specs, Faults& faults) {
  const std::string* section = SectionOf(axis.path);
  if (section == nullptr) {
    AddNowhere(axis, specs, faults);
    return false;
  }
  axis.section = *section;
  const std::string rest = axis.path == *section ? "" : axis.path.substr(section->size() + 1);
  if (*section == "environment" && (rest.empty() || ChangesTasks(rest))) {
    faults.Add(axis.at,
               fmt::format("`{}` cannot be an axis: it changes the list of tasks, which all cells share; write "
                           "one config for each",
                           axis.path));
    return false;
  }
  if (rest.find('.') != std::string::npos) {
    faults.Add(axis.at, fmt::format("grid axis `{}` reaches inside an option; give whole values of `{}.{}`",
                                    Printable(axis.path), *section, Split(rest, '.').front()));
    return false;
  }
  axis.option = rest;
  if (rest.empty())
    axis.reach = axis.path == *section ? AxisRequest::Reach::kWhole : AxisRequest::Reach::kOption;
  else if (rest == NameKey(*section))
    axis.reach = AxisRequest::Reach::kName;
  return true;
}

bool CheckShape(const MarkedEntry& entry, Faults& faults) {
  if (!entry.value.is_list()) {
    faults.Add(entry.value.at, fmt::format("axis `{}` must be a list of values, not {}", Printable(entry.key),
                                           KindInWords(entry.value)));
    return false;
  }
  if (entry.value.items.empty()) {
    faults.Add(entry.value.at,
               fmt::format("axis `{}` has no values; leave it out or give it some", Printable(entry.key)));
  }
  return !entry.value.items.empty();
}

bool InsideAnother(const AxisRequest& axis, const std::vector<AxisRequest>& others, Faults& faults) {
  for (const AxisRequest& other : others) {
    const bool nested = axis.section == other.section && axis.path != other.path &&
                        (axis.reach == AxisRequest::Reach::kWhole || other.reach == AxisRequest::Reach::kWhole);
    if (!nested) continue;
    faults.Add(axis.at, fmt::format("axes `{}` and `{}` overlap; put the option into the mappings of one axis",
                                    other.path, axis.path));
    return true;
  }
  return false;
}

}  // namespace

std::vector<AxisRequest> ReadGrid(const MarkedValue& grid, const PartSpecs& specs, Faults& faults) {
  std::vector<AxisRequest> axes;
  if (!grid.is_map()) {
    faults.Add(grid.at, fmt::format("`grid` must be a mapping of paths to lists, not {}", KindInWords(grid)));
    return axes;
  }
  for (const MarkedEntry& entry : grid.entries) {
    AxisRequest axis;
    axis.path = entry.key;
    axis.at = entry.key_at;
    if (!FindTarget(axis, specs, faults) || !CheckShape(entry, faults) || InsideAnother(axis, axes, faults)) continue;
    axis.values = entry.value.items;
    axes.push_back(std::move(axis));
  }
  return axes;
}

}  // namespace xsweep
