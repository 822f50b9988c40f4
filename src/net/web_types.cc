// What is asked of a server and what it answers.
// SPDX-License-Identifier: Apache-2.0
#include "net/web_types.h"

#include <algorithm>

namespace xsweep {

const std::string* WebRequest::Header(std::string_view name) const {
  const auto found =
      std::ranges::find(headers, name, [](const auto& header) -> std::string_view { return header.first; });
  return found == headers.end() ? nullptr : &found->second;
}

void WebPeer::OnLeft(std::function<void()> tell) {
  if (left_ && tell) return tell();
  tell_ = std::move(tell);
}

void WebPeer::Leave() {
  left_ = true;
  if (tell_) std::exchange(tell_, {})();
}

}  // namespace xsweep
