// What Python's json.loads takes for JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// Json::Parse and, where that refuses, what Python's json.loads takes beyond RFC 8259: NaN, Infinity, -Infinity,
/// numbers that overflow to an infinity, and lone surrogates (kept as three bytes each, which is no UTF-8: print such
/// values with python_text.h only). The depth is bounded as there. A faulty text gives Json::Parse's own error.
Expected<Json> ParsePythonJson(std::string_view text, const std::string& where);

}  // namespace xsweep
