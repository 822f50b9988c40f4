// EventChannel: the HTTP transport of revision 2024-11-05, which many servers still speak: one stream of events that
// stays open, on which everything comes that the server says, and an address to which everything is posted that it is
// told. The stream's first event names that address.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/json.h"
#include "mcp/call_thread.h"
#include "mcp/transport.h"

namespace xsweep {

/// Where `named`, as a stream names it, is: at the stream's own server, or kWorld. A server that sends us elsewhere
/// would have our headers sent there.
Expected<std::string> PostAddress(const std::string& stream, std::string_view named);

class EventChannel {
 public:
  /// `make` gives requests the headers that all of them carry.
  EventChannel(CallThread& calls, std::string url, std::function<HttpRequest(std::chrono::milliseconds)> make,
               std::shared_ptr<McpNews> news);
  ~EventChannel();
  EventChannel(const EventChannel&) = delete;
  EventChannel& operator=(const EventChannel&) = delete;

  /// Fails with kWorld where that address has no such stream.
  Async<Status> Open(std::chrono::milliseconds limit);
  Async<Expected<Json>> Ask(const Json& request, std::int64_t id, std::chrono::milliseconds limit);
  Async<Status> Tell(const Json& message, std::chrono::milliseconds limit);

 private:
  class Listener;
  CallThread& calls_;
  const std::string url_;
  const std::function<HttpRequest(std::chrono::milliseconds)> make_;
  std::string post_;
  std::shared_ptr<Listener> listener_;
};

}  // namespace xsweep
