// Payload matching: whether what an attacker planted stands in a text, however that text was wrapped or quoted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "episode/transcript.h"

namespace xsweep {

/// Appends the ASCII letters and digits of `text`: what remains the same when YAML folds a line or JSON escapes it. The
/// letter of an escape (\n, \t, \r, \") is no letter of the text.
void AppendLettersAndDigits(std::string_view text, std::string& out);

/// Whether one of `payloads` (letters and digits only) stands in `text`, of which the same is true.
bool HoldsAny(std::string_view text, const std::vector<std::string>& payloads);
/// Marks the results in which one of `payloads` stands.
void MarkInjected(const std::vector<std::string>& payloads, Transcript& transcript);

}  // namespace xsweep
