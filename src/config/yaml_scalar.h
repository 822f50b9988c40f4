// What a plain YAML scalar means, and how a value is written as YAML that means the same.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// The value of an unquoted scalar by the YAML 1.2 core schema: null, booleans, integers (decimal, 0x, 0o), floats
/// (.inf and .nan included, as non-finite doubles), otherwise text.
Json TypedScalar(std::string_view text);

/// The value as YAML in flow style on one line, e.g. `{name: none, levels: ["a b", c]}`; reads back as the same value.
std::string FlowYaml(const Json& value);

}  // namespace xsweep
