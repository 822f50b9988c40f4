// Mending JSON that others have written: what can be read without a doubt is read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace xsweep {

/// The same text as JSON that a strict reader takes: half surrogate pairs and bytes that are no UTF-8 become U+FFFD,
/// control characters inside strings are escaped, escapes that JSON does not know become the character itself, and NaN
/// and the infinities become null. Nothing else is mended: a body that was cut off stays broken.
std::string MendJson(std::string_view text);

/// Json::Parse, and where that fails of the mended text. A sound text costs one parse.
Expected<Json> ParseMended(std::string_view text);

}  // namespace xsweep
