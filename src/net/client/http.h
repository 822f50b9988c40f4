// Http: calls to web servers that a coroutine can await, thousands at a time on one loop.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <memory>

#include "base/async.h"
#include "net/client/http_types.h"
#include "net/io_loop.h"

namespace xsweep {

class HttpSink;
class HttpThread;

/// One pool of connections, kept alive and reused; HTTP/2 wherever the server offers it over TLS. Belongs to the
/// thread of its loop, and outlives every call. The connections live on a thread of their own, started by the first
/// call: what is said over them costs more than what a conversation does between two calls. Turns SIGPIPE off for the
/// process, as libcurl asks of its users.
class Http {
 public:
  explicit Http(IoLoop& loop, HttpSettings settings = {});
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  IoLoop& loop() const { return loop_; }

  /// Sends `request` and waits for the whole answer. Destroying the awaiting frame abandons the call.
  Async<std::expected<HttpResponse, HttpError>> Call(HttpRequest request) { return Call(std::move(request), nullptr); }
  /// The same, and `sink` gets the body as it comes: the answer then has none.
  Async<std::expected<HttpResponse, HttpError>> Call(HttpRequest request, std::shared_ptr<HttpSink> sink);

 private:
  struct Asking;
  IoLoop& loop_;
  const HttpSettings settings_;
  std::unique_ptr<HttpThread> thread_;
  std::size_t under_way_ = 0;
};

}  // namespace xsweep
