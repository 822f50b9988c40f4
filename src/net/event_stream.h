// Server-sent events, both ways: writing one, and reading them out of bytes as they arrive.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace xsweep {

struct StreamEvent {
  std::string type;  ///< "message" when the stream did not say
  std::string data;  ///< its data lines, joined by line breaks
  std::string id;    ///< the last id that was said until then
};

/// "event: TYPE\ndata: LINE\n...\n\n"; without an event line when `type` is empty.
std::string WriteStreamEvent(std::string_view type, std::string_view data);
/// A comment: a sign of life that no reader takes for an event.
inline constexpr std::string_view kStreamPing = ":\n\n";

/// Reads a stream in pieces of any size, cut anywhere. Comments and unknown fields are skipped.
class EventStreamReader {
 public:
  explicit EventStreamReader(std::size_t most_bytes = std::size_t{64} << 20U) : most_(most_bytes) {}
  /// The events that these bytes have completed. Fails with kWorld when one event is larger than the limit.
  Expected<std::vector<StreamEvent>> Feed(std::string_view bytes);
  /// Whether something has begun that no blank line has ended: a stream that is cut there was cut in an event.
  bool in_event() const { return !line_.empty() || any_; }
  /// The id of the last event that was complete; empty before the first one that has any.
  const std::string& last_id() const { return last_id_; }
  /// How long to wait before the stream is asked for again, where it said so.
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  void TakeLine(std::string_view line, std::vector<StreamEvent>& events);

  std::size_t most_;
  std::string line_;
  bool after_return_ = false;
  bool first_ = true;
  bool any_ = false;       ///< a field of the event at hand was seen
  bool has_data_ = false;  ///< an event without data is none
  StreamEvent event_;
  std::string last_id_;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace xsweep
