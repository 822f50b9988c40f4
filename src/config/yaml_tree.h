// YAML text as a tree that remembers where everything stood. The only home of yaml-cpp is its .cc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/options/marked_value.h"

namespace xsweep {

/// Reads exactly one document. Every mark gets `source`. What is wrong with the text (not UTF-8, not YAML, duplicate
/// keys, tags, aliases that blow up, nesting deeper than 64, more than 200,000 values, a second document) goes to
/// `faults`; the tree is empty when nothing could be read.
std::optional<MarkedValue> ParseYaml(std::string_view text, std::uint32_t source, Faults& faults);

}  // namespace xsweep
