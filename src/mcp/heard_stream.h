// HeardStream: what a stream of events has said of the one answer that is awaited on it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "net/client/http_types.h"
#include "net/event_stream.h"

namespace xsweep {

/// The messages of a body: of a stream the data of each event, in order, the last one even where it was not ended.
std::vector<std::string> MessagesOf(const HttpResponse& response);

/// Whether a message is the answer to request `id`. A request that was refused before it was read is answered without
/// its id.
bool Answers(const Json& message, std::int64_t id);

/// Of a request and all streams on which its answer may come: a server may end one without it, and says it on the next
/// one, which is asked for with the id of the last event. Heard on the connections' thread, asked between two calls.
class HeardStream {
 public:
  explicit HeardStream(std::int64_t id) : id_(id) {}
  /// For HttpRequest::enough: true once the answer is there.
  bool Hear(const HttpResponse& so_far, std::string_view piece);
  /// The stream has ended, and another begins.
  void Begin() { reader_ = EventStreamReader(); }

  /// Empty where a stream cannot be resumed.
  const std::string& last_event() const { return last_event_; }
  /// What the server wants us to wait before that.
  std::chrono::milliseconds retry() const { return retry_; }

 private:
  const std::int64_t id_;
  EventStreamReader reader_;
  std::string last_event_;
  std::chrono::milliseconds retry_{1000};
};

}  // namespace xsweep
