// CallGate: a model's stream, held from its first call on.
// SPDX-License-Identifier: Apache-2.0
#include "relay/call_gate.h"

namespace xsweep {
namespace {

/// Whether the event makes a call. Inside a text the quotes would be escaped.
bool MakesCall(Wire wire, std::string_view event) {
  if (wire == Wire::kResponses) return event.find("_call\"") != std::string_view::npos;
  if (wire == Wire::kMessages) return event.find("\"tool_use\"") != std::string_view::npos;
  constexpr std::string_view kMark = "\"tool_calls\"";
  for (std::size_t at = event.find(kMark); at != std::string_view::npos; at = event.find(kMark, at + 1)) {
    const std::size_t value = event.find_first_not_of(" :", at + kMark.size());
    // Some servers say in every chunk that there are none.
    if (value == std::string_view::npos || event[value] == '[') return true;
  }
  return false;
}

}  // namespace

void CallGate::EndEvent(std::size_t end) {
  holds_ = MakesCall(wire_, std::string_view(all_).substr(event_, end - event_));
  if (!holds_) event_ = end;
}

// Lines end in \n, \r\n or \r, and an empty one ends its event. The \n of a \r\n that ends an event belongs to it, also
// where it comes in the next piece.
void CallGate::ReadOn() {
  for (; read_ < all_.size() && !holds_; ++read_) {
    const char next = all_[read_];
    if (next == '\n' && after_return_) {
      after_return_ = false;
      if (event_ == read_) event_ = read_ + 1;
    } else if (next == '\n' || next == '\r') {
      if (line_empty_) EndEvent(read_ + 1);
      line_empty_ = true;
      after_return_ = next == '\r';
    } else {
      line_empty_ = after_return_ = false;
    }
  }
}

Async<Status> CallGate::Write(std::string_view bytes) {
  all_ += bytes;
  ReadOn();
  if (event_ == passed_) co_return Status();
  const std::string piece = all_.substr(passed_, event_ - passed_);
  passed_ = event_;
  auto writing = out_.Write(piece);
  co_return co_await writing;
}

}  // namespace xsweep
