// Notices: what an agent is shown in place of what a defense kept from it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace xsweep {

inline constexpr std::string_view kCallDenied = "this call was denied";
inline constexpr std::string_view kResultWithheld = "this result was withheld by a defense";

/// "Error: WHAT (DEFENSE: REASON)".
inline std::string NoticeText(std::string_view what, std::string_view defense, std::string_view reason) {
  std::string text("Error: ");
  return text.append(what).append(" (").append(defense).append(": ").append(reason).append(")");
}

/// Whether a tool's result, as a model is shown it, is such a notice; clients put a line or two before it.
inline bool IsResultNotice(std::string_view shown) {
  constexpr std::size_t kMostBefore = 256;
  for (const std::string_view what : {kCallDenied, kResultWithheld}) {
    const std::size_t at = shown.find(std::string("Error: ").append(what).append(" ("));
    if (at != std::string_view::npos && at < kMostBefore) return true;
  }
  return false;
}

}  // namespace xsweep
