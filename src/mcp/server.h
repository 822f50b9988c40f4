// McpServer: both eras of the Model Context Protocol, message in, message out. Knows no socket.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/async.h"
#include "mcp/host.h"
#include "mcp/protocol.h"

namespace xsweep {

/// What the transport says beside the message. Over stdio there is no header to look at.
struct McpEnvelope {
  bool http = false;
  /// The header of that name in lower case; nullptr without it.
  std::function<const std::string*(std::string_view name)> header{};
  /// Sends a notification ahead of the answer; empty: impossible.
  std::function<void(Json)> notify{};
  /// Told the key of a call that has begun, for Cancel.
  std::function<void(std::uint64_t key)> began{};
};

struct McpReply {
  std::optional<Json> message;  ///< none for notifications and responses
  int status = 200;             ///< for HTTP; 202 where there is no message
  /// The request is a subscription that was granted: `message` is its acknowledgement, and list changes follow.
  std::optional<Json> subscription{};
};

/// One address: what was negotiated hangs on the server, never on a connection, because clients open a new one for
/// every call. Legacy clients (2024-11-05 to 2025-11-25) open with `initialize`; modern ones (2026-07-28) carry version
/// and capabilities in every request and open with `server/discover`. Batches only where 2025-03-26 was negotiated.
/// Not thread-safe; any number of answers may be under way.
class McpServer {
 public:
  explicit McpServer(std::shared_ptr<ToolHost> host) : host_(std::move(host)) {}

  Async<McpReply> Answer(Json message, McpEnvelope envelope);
  /// As Answer, from text: what is no JSON is answered as such.
  Async<McpReply> AnswerText(std::string_view text, McpEnvelope envelope);

  ToolHost& host() { return *host_; }
  /// {method: "notifications/tools/list_changed"} as the subscriber of that id wants it; a legacy client without one.
  static Json ListChanged(const Json* subscription);
  /// As clients name themselves when they open: "claude-code/2.1.332"; empty before.
  const std::string& client() const { return client_; }

 private:
  struct Failure {
    int code;
    std::string message;
    int status = 200;
    Json data{};
  };
  using Outcome = std::expected<Json, Failure>;

  Async<McpReply> AnswerBatch(Json messages, McpEnvelope envelope);
  Async<Outcome> Dispatch(std::string method, Json params, Json id, bool modern, McpEnvelope envelope);
  std::optional<Failure> CheckModern(std::string_view method, const Json& params, const McpEnvelope& envelope) const;
  Async<std::optional<Failure>> CheckArguments(Json params, McpEnvelope envelope);
  Outcome Initialize(const Json& params);
  Json Discover() const;
  Json Capabilities(bool modern) const;
  Async<Outcome> ListTools(bool modern);
  Async<Outcome> CallTool(Json params, Json id, bool modern, McpEnvelope envelope);
  void TakeNotification(std::string_view method, const Json& params);
  const McpRevision& Legacy() const { return negotiated_ == nullptr ? kMcpUnsaid : *negotiated_; }
  void NoteClient(const Json* info);

  std::shared_ptr<ToolHost> host_;
  const McpRevision* negotiated_ = nullptr;
  std::string client_;
  std::uint64_t keys_ = 0;
  std::list<std::pair<Json, std::uint64_t>> pending_;  ///< request id and key of calls under way
};

}  // namespace xsweep
