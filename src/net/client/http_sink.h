// HttpSink: where an answer's body goes as it comes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "net/client/http_types.h"

namespace xsweep {

/// Called on the connections' thread.
class HttpSink {
 public:
  virtual ~HttpSink() = default;
  /// Once, before the first bytes; never for an answer without any.
  virtual void Begin(int status, std::vector<HttpHeader> headers) = 0;
  virtual void Add(std::string_view bytes) = 0;
  /// The answer came to its end, and these are its last bytes, if any were left. Not called for one that broke off.
  virtual void Whole(std::string_view rest) = 0;
};

}  // namespace xsweep
