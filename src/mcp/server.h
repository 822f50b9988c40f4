// McpServer: an environment's tools over the Model Context Protocol, message by message.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "episode/roles.h"

namespace xsweep {

/// One fork for one client. JSON-RPC 2.0, one message a line (MCP's stdio transport): initialize, ping, tools/list and
/// tools/call. The environment's policy is handed out as the server's `instructions`. A tool's refusal is a result with
/// `isError`; protocol errors carry JSON-RPC's codes: -32700 no JSON, -32600 no request, -32601 unknown method, -32602
/// unknown tool or bad params, -32603 the environment failed. A batch (an array of messages) is answered by an array of
/// replies, but in 2025-06-18, which has no batches.
class McpServer {
 public:
  /// `environment` must outlive the server.
  explicit McpServer(Environment& environment) : environment_(&environment) {}

  /// The reply without a line break; empty when the message wants none (a notification, a response, a blank line).
  std::string Answer(std::string_view line);

 private:
  struct Failure {
    int code;
    std::string message;
  };
  std::expected<Json, Failure> Dispatch(std::string_view method, const Json& params);
  std::string AnswerOne(const Json& message);
  std::expected<Json, Failure> Initialize(const Json& params);
  Json ListTools() const;
  std::expected<Json, Failure> CallTool(const Json& params);

  Environment* environment_;
  std::string_view protocol_;  ///< as negotiated; empty before `initialize`
  int calls_ = 0;
};

}  // namespace xsweep
