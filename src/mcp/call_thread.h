// CallThread: connections belong to a loop's thread, and trials run on many: a loop and connections with a thread of
// their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/async.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/client/http.h"
#include "net/client/http_sink.h"
#include "net/handoff.h"
#include "net/io_loop.h"

namespace xsweep {

class CallThread {
 public:
  CallThread() = default;
  CallThread(const CallThread&) = delete;
  CallThread& operator=(const CallThread&) = delete;
  /// Gives up what is under way.
  ~CallThread();
  Status Start();

  /// The whole answer; from any loop, or from none. Fails with kWorld when there is none in time.
  Async<Expected<HttpResponse>> Send(HttpRequest request, std::chrono::milliseconds limit);
  /// Hands what comes to `sink` as it comes, and tells it through Whole or, broken off, through `broken` that no more
  /// will come. Both are called on the thread.
  void Stream(HttpRequest request, std::shared_ptr<HttpSink> sink, std::function<void(std::string)> broken);
  /// For a destructor: waits here, and whatever is said is nobody's business any more.
  void SendLast(HttpRequest request, std::chrono::milliseconds limit);

 private:
  using Answer = std::expected<HttpResponse, HttpError>;
  Handoff<Answer> Begin(HttpRequest request);

  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_;
  Http* http_ = nullptr;  ///< of the thread
  std::thread thread_;
};

}  // namespace xsweep
