// Server-sent events as the HTML standard reads and writes them.
// SPDX-License-Identifier: Apache-2.0
#include "net/event_stream.h"

#include <utility>

#include "base/text.h"
#include "base/wire_text.h"

namespace xsweep {

std::string WriteStreamEvent(std::string_view type, std::string_view data) {
  std::string out;
  if (!type.empty()) out.append("event: ").append(type).append("\n");
  for (std::size_t start = 0;;) {
    const std::size_t end = data.find('\n', start);
    out.append("data: ").append(data.substr(start, end - start)).append("\n");
    if (end == std::string_view::npos) break;
    start = end + 1;
  }
  return out + "\n";
}

Expected<std::vector<StreamEvent>> EventStreamReader::Feed(std::string_view bytes) {
  std::vector<StreamEvent> events;
  for (std::size_t i = 0; i < bytes.size();) {
    if (after_return_ && bytes[i] == '\n') ++i;  // the second half of a line break that was cut
    after_return_ = false;
    const std::size_t end = bytes.find_first_of("\r\n", i);
    line_.append(bytes.substr(i, end == std::string_view::npos ? end : end - i));
    if (line_.size() + event_.data.size() > most_) return WorldError("an event of the stream is too large", "stream");
    if (end == std::string_view::npos) break;
    TakeLine(line_, events);
    line_.clear();
    after_return_ = bytes[end] == '\r';
    i = end + 1;
  }
  return events;
}

void EventStreamReader::TakeLine(std::string_view line, std::vector<StreamEvent>& events) {
  if (std::exchange(first_, false)) line = WithoutByteOrderMark(line);
  if (line.empty()) {
    if (has_data_) {
      if (event_.type.empty()) event_.type = "message";
      events.push_back(event_);
    }
    last_id_ = event_.id;
    event_.type.clear();
    event_.data.clear();
    any_ = has_data_ = false;
    return;
  }
  if (line.front() == ':') return;
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  any_ = true;
  if (field == "data") {
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  } else if (field == "event") {
    event_.type = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  } else if (field == "retry") {
    if (const auto time = ParseUnsigned(value)) retry_ = std::chrono::milliseconds(*time);
  }
}

}  // namespace xsweep
