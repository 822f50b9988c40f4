// JSON as Python's json.dumps prints it by default: ", " and ": ", every character outside ASCII escaped.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// Appends `text` as the inside of a JSON string (no quotes), ASCII only; characters beyond the BMP as two \u escapes.
/// Bytes that are no UTF-8 become \ufffd.
void AppendAsciiEscaped(std::string_view text, std::string& out);

/// Key order and the spelling of numbers are kept, so parsing a Python result and dumping it again gives its bytes.
std::string DumpLikePython(const Json& value);

}  // namespace xsweep
