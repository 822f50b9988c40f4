// FillIn: texts with {NAME} in them, filled in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xsweep {

/// `text` with every {NAME} that `value` knows replaced by what it says, in one pass: what was filled in is not looked
/// at again, and braces around anything else stay as they are. `value`: std::string_view -> std::optional<std::string>.
template <class Value>
std::string FillIn(std::string_view text, Value value) {
  std::string filled;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    filled += text.substr(0, open);
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const std::size_t close = text.find('}');
    const std::optional<std::string> found =
        close == std::string_view::npos ? std::nullopt : value(text.substr(1, close - 1));
    filled += found ? std::string_view(*found) : text.substr(0, 1);
    text.remove_prefix(found ? close + 1 : 1);
  }
  return filled;
}

}  // namespace xsweep
