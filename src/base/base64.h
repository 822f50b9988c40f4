// Base64 with the standard alphabet and padding.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xsweep {

void AppendBase64(std::string_view bytes, std::string& out);
std::string Base64(std::string_view bytes);
/// Empty when `text` is none: another alphabet, padding that is missing or too much.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace xsweep
