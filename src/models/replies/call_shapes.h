// Call shapes: what a call looks like when it stands in a text, whoever's template wrote it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "words/message.h"

namespace xsweep {

/// Whether the name of one of `tools` stands in `text` as calls have it, whole or cut off: as the value of a member
/// such as "name", as a key before arguments, behind a label such as "Action:", as or in a tag, or with the tool's own
/// arguments behind it, in JSON's spelling or in Python's. A tool that is only spoken of is none, nor is a list of
/// tools with their descriptions. The work grows with the length of the text.
bool NamesACall(std::string_view text, const std::vector<ToolSchema>& tools);

}  // namespace xsweep
