// ParsePythonLiteral: a dict, list or value as Python's repr prints it, read as JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// The whole of `text` as one literal: dicts with text keys, lists, tuples (as arrays), texts in either quotes,
/// numbers, True, False and None. Empty for anything else and for nesting beyond 64 levels.
std::optional<Json> ParsePythonLiteral(std::string_view text);

}  // namespace xsweep
