// Http: calls to web servers that a coroutine can await, thousands at a time on one loop.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>

#include "base/async.h"
#include "net/client/http_types.h"
#include "net/io_loop.h"

namespace xsweep {

class HttpPool;
class HttpSink;
class HttpThread;

/// Where the connections live. On a thread of their own, started by the first call, sending and receiving never wait
/// for whoever asks: right where thousands of conversations ask at once. On the loop of whoever asks no other
/// thread has to be woken for a call: right where an answer is only passed on.
enum class ConnectionsLive : std::uint8_t { kOnOwnThread, kOnLoop };

/// One pool of connections, kept alive and reused; HTTP/2 wherever the server offers it over TLS. Belongs to the
/// thread of its loop, and outlives every call. Turns SIGPIPE off for the process, as libcurl asks of its users.
class Http {
 public:
  explicit Http(IoLoop& loop, HttpSettings settings = {}, ConnectionsLive live = ConnectionsLive::kOnOwnThread);
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
  struct Counted;
  Async<std::expected<HttpResponse, HttpError>> CallHere(HttpRequest request, std::shared_ptr<HttpSink> sink);
  Async<std::expected<HttpResponse, HttpError>> CallThere(HttpRequest request, std::shared_ptr<HttpSink> sink);
  IoLoop& loop_;
  const HttpSettings settings_;
  const ConnectionsLive live_;
  std::unique_ptr<HttpThread> thread_;
  std::unique_ptr<HttpPool> pool_;
  std::size_t under_way_ = 0;
};

}  // namespace xsweep
