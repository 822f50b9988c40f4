// CallGate: a model's stream on its way to an agent with tools of its own, held from its first call on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "relay/wires/ask.h"

namespace xsweep {

/// Lets events pass as they come, each whole and in its own bytes, whatever ends its lines, up to the one in which the
/// model first makes a call.
class CallGate final : public WebStream {
 public:
  /// `out` outlives it.
  CallGate(Wire wire, WebStream& out) : wire_(wire), out_(out) {}

  Async<Status> Write(std::string_view bytes) override;
  /// All that has come.
  const std::string& all() const { return all_; }
  /// What of it has not been let pass.
  std::string_view held() const { return std::string_view(all_).substr(passed_); }

 private:
  void ReadOn();
  void EndEvent(std::size_t end);

  const Wire wire_;
  WebStream& out_;
  std::string all_;
  std::size_t passed_ = 0;  ///< how much of it has been written on
  std::size_t read_ = 0;    ///< how far its lines have been looked at
  std::size_t event_ = 0;   ///< where the event at hand begins
  bool line_empty_ = true;
  bool after_return_ = false;
  bool holds_ = false;
};

}  // namespace xsweep
