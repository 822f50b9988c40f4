// Words for the values of a grid's axis: short, and each unlike the others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// The key under which a value that is a whole part says how it is to be called.
inline constexpr std::string_view kLabelKey = "label";

/// What to call `value` among `values`, all those of its axis: texts and numbers as they are; a part by its `label`, or
/// by its name and those of its options that are not the same in every part of that name: "refund_limit (threshold
/// 100)". A part that is alone with its name is called by it.
std::string AxisWords(const Json& value, std::span<const Json> values);

}  // namespace xsweep
