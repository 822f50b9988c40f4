// McpClient: asks a foreign MCP server for its tools and calls them, in both eras of the protocol.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mcp/transport.h"
#include "words/message.h"

namespace xsweep {

/// A tool as the server lists it; `whole` is its own words, annotations and output schema included.
struct McpTool {
  ToolSchema schema;
  Json whole;
};

class McpClient {
 public:
  /// Asks for the modern era first (`server/discover`) and falls back to `initialize`. Fails with kWorld when the
  /// server speaks neither.
  static Async<Expected<std::unique_ptr<McpClient>>> Connect(std::unique_ptr<McpTransport> transport,
                                                             std::chrono::milliseconds limit);

  /// All pages. In the modern era a tool whose `x-mcp-header` marks make no sense is left out, and noted.
  Async<Expected<std::vector<McpTool>>> ListTools();
  /// The result object {content, structuredContent, isError}. A JSON-RPC error is a result with `isError` and its
  /// message: real servers answer an unknown tool either way. Fails with kWorld when there was no answer.
  Async<Expected<Json>> CallTool(std::string name, Json arguments);

  const std::string& server() const { return server_; }              ///< "name version"
  const std::string& instructions() const { return instructions_; }  ///< may be empty
  const std::string& protocol() const { return protocol_; }          ///< the agreed version
  const McpNews& news() const { return transport_->news(); }

 private:
  McpClient(std::unique_ptr<McpTransport> transport, std::chrono::milliseconds limit)
      : transport_(std::move(transport)), limit_(limit) {}
  Async<Expected<bool>> Discover();
  Async<Status> Initialize();
  Async<Expected<Json>> Ask(std::string method, Json params);
  Json WithMeta(Json params) const;
  bool Keeps(const McpTool& tool);
  std::vector<HttpHeader> MirrorOf(const std::string& tool, const Json& arguments) const;

  std::unique_ptr<McpTransport> transport_;
  std::chrono::milliseconds limit_;
  bool modern_ = false;
  std::string server_;
  std::string instructions_;
  std::string protocol_;
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> mirrored_;  ///< tool: argument, header
};

}  // namespace xsweep
