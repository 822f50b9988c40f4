// Names for cells: readable, stable, and safe in files, CSV and shells.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/sweep_config.h"

namespace xsweep {

/// A short name for each value of an axis, distinct within it and depending on nothing but the values: scalars as they
/// are written, lists as "[a;b]", parts by their `label` or as "name(option:value;...)". Spaces become "_", other odd
/// bytes %XX; beyond 40 characters the rest is cut and "~" with 8 hex digits of the value's hash takes its place.
std::vector<std::string> ValueLabels(const GridAxis& axis);

/// "path=label,path=label"; "base" when there are none. Longer than 160 characters it is cut like a value.
std::string CellId(const std::vector<std::pair<std::string, std::string>>& labelled_axes);

}  // namespace xsweep
