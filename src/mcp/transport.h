// McpTransport: how messages reach a foreign MCP server, a child's stdin or an HTTP address.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "base/json.h"
#include "net/client/http.h"
#include "net/peer.h"

namespace xsweep {

/// What a server said without being asked; shared with the thread that hears it.
class McpNews {
 public:
  void Add(std::string note);
  void ToolsChanged();
  bool tools_changed() const;
  /// Each note once, in order.
  std::vector<std::string> notes() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> notes_;
  bool tools_changed_ = false;
};

/// One connection to one server. Any number of requests may be under way, from any loop, or from none.
class McpTransport {
 public:
  virtual ~McpTransport() = default;
  /// Sends a request (its id is given here) and returns the response: an object with `result` or `error`. Fails with
  /// kWorld when there was none: the server is gone, too slow, or answered something else.
  /// `mirrored`: arguments that the modern era repeats in headers, Mcp-Param-NAME; passed over on stdio.
  virtual Async<Expected<Json>> Ask(std::string method, Json params, std::chrono::milliseconds limit,
                                    std::vector<HttpHeader> mirrored = {}) = 0;
  virtual Async<Status> Tell(std::string method, Json params) = 0;
  /// From now on every message says so where the transport has a place for it. `modern`: the stateless era.
  virtual void Speak(const std::string& version, bool modern) = 0;
  const McpNews& news() const { return *news_; }

 protected:
  std::shared_ptr<McpNews> news_ = std::make_shared<McpNews>();
};

/// Of a header, `value` may be secret: it is scrubbed from all that comes back.
struct McpAddress {
  std::string url;
  std::vector<SecretHeader> headers;
};

/// Fails with kWorld when it cannot be started.
Expected<std::unique_ptr<McpTransport>> StartMcpServer(const PeerSettings& settings);
/// Streamable HTTP. Connects when first asked.
Expected<std::unique_ptr<McpTransport>> ReachMcpServer(McpAddress address);

/// What a request of a server is answered with: `ping` is, everything else (sampling, elicitation, roots) is declined
/// and noted.
Json AnswerServer(const Json& request, McpNews& news);
/// Notes what a notification of a server means for us.
void HearServer(const Json& notification, McpNews& news);

}  // namespace xsweep
