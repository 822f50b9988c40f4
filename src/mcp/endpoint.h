// MountMcp: an MCP server at a path of an HTTP server (the protocol's "streamable HTTP").
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "mcp/server.h"
#include "net/http_server.h"

namespace xsweep {

/// What one message may weigh; a longer one is answered 413 before it is read.
inline constexpr std::size_t kMcpMostBytes = std::size_t{4} << 20U;

/// Answers POST with plain JSON: one message in, one out, 202 where none is due. A stream only where a host sends
/// notifications ahead of its answer, and for subscriptions. GET and DELETE are 405: there are no sessions. A client
/// that hangs up cancels what it asked. Serves while the mount lives.
Mount MountMcp(HttpServer& server, std::string path, std::shared_ptr<McpServer> mcp,
               std::size_t most_bytes = kMcpMostBytes);

}  // namespace xsweep
