// Splice: a text put into one leaf of a tool's result, every other byte left as it was.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace xsweep {

/// The steps of a JSON pointer (RFC 6901): "/a~1b/0" is {"a/b", "0"}; empty for "", the whole. Nothing for a text
/// that is no pointer.
std::optional<std::vector<std::string>> PointerSteps(std::string_view pointer);

/// The value at `pointer`, or nullptr. `*` as a step is the first element or member.
const Json* AtPointer(const Json& root, std::string_view pointer);

/// Puts `text` behind the string at `pointer` of a JSON text (after a blank), or in place of the value there. The
/// result is the old text but for that leaf. False, and `json` as it was, when it is no JSON or has no such leaf.
bool SpliceText(std::string& json, std::string_view pointer, std::string_view text, bool replace);

/// The same in a value.
bool SpliceData(Json& data, std::string_view pointer, std::string_view text, bool replace);

/// Puts `text` into a result that has both forms, or one: at `pointer` of its data and of its text where that is JSON;
/// where it is not, into the text's own copy of the leaf's old words. With an empty pointer, behind (or in place of)
/// the whole text, and of the first text in the data. True when something was changed.
bool SpliceResult(std::string& content, Json& structured, std::string_view pointer, std::string_view text,
                  bool replace);

}  // namespace xsweep
