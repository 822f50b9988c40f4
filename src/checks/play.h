// Play: an environment by hand, call by call or over MCP.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "episode/catalog.h"
#include "episode/roles.h"
#include "mcp/host.h"
#include "net/http_server.h"
#include "net/io_loop.h"

namespace xsweep {

/// What a call on a fresh fork came to.
struct CalledOnce {
  ToolOutcome outcome;
  Json difference;  ///< the records that it changed
};
Expected<CalledOnce> CallOnce(const EnvironmentSource& source, std::size_t task, const ToolCall& call);
Json CallJson(const CalledOnce& called);

/// "127.0.0.1:0", "[::1]:8080" or ":8080".
Expected<ServerOptions> ParseAddress(const std::string& text);
/// Answers on stdout what comes on stdin, until that ends or nobody listens any more.
Status ServeOverPipes(IoLoop& loop, std::shared_ptr<ToolHost> host, const std::atomic<bool>& stop);
/// Prints the address and answers there until `stop`.
Status ServeOverHttp(IoLoop& loop, std::shared_ptr<ToolHost> host, const ServerOptions& options,
                     const std::atomic<bool>& stop);

}  // namespace xsweep
