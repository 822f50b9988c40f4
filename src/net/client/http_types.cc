// What is asked of a web server and what comes back, as plain types.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/http_types.h"

#include "base/text.h"

namespace xsweep {

bool IsLoopback(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.starts_with("[::1]")) return true;
  const std::string name = AsciiLower(host.substr(0, host.find(':')));
  return name == "localhost" || name.ends_with(".localhost") || name.starts_with("127.");
}

const std::string* HttpResponse::Header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

}  // namespace xsweep
