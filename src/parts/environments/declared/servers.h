// Servers: foreign MCP servers as one set of tools, started for a trial or shared by all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/system/secret.h"
#include "mcp/client.h"

namespace xsweep {

/// One entry of `servers`. `{dir}` in a command is the trial's directory; `$NAME` in `env` and `headers` is read from
/// our own environment when the server is started, and scrubbed from whatever comes back.
struct ServerSpec {
  std::string name;
  std::vector<std::string> command;
  std::string url;
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string directory;  ///< where it starts; empty: the trial's directory, or here
  bool prefix = false;    ///< its tools are shown as NAME_tool
};

/// Reads the mapping `servers`. Fails with kUser and says which entry.
Expected<std::vector<ServerSpec>> ReadServers(const Json& servers);

/// A tool as agents see it, and where its calls go.
struct ServerTool {
  ToolSchema schema;
  Json whole;
  std::size_t server = 0;
  std::string name;  ///< what its server calls it
};

/// What came back for a call.
struct ServerAnswer {
  std::string text;  ///< its text blocks, joined by line ends; other blocks as a note of what they are
  Json structured;   ///< null when there was none
  bool error = false;
};

class ServerSet {
 public:
  /// Starts or reaches every server and lists its tools. `directory` is the trial's; may be empty. Fails with kWorld,
  /// naming the server, and with kUser when two tools have one name or an environment variable is not set.
  static Async<Expected<std::unique_ptr<ServerSet>>> Open(const std::vector<ServerSpec>& specs, std::string directory,
                                                          std::chrono::milliseconds limit);

  const std::vector<ServerTool>& tools() const { return tools_; }
  /// Their instructions, one after the other.
  std::string instructions() const;
  /// "shop 1.2 (MCP 2025-11-25); files 3"
  std::string versions() const;
  std::vector<std::string> notes() const;
  /// Fails with kEpisode when the server did not answer; an unknown tool is an answer.
  Async<Expected<ServerAnswer>> Call(std::string tool, Json arguments);

 private:
  struct Server {
    std::string name;
    std::unique_ptr<McpClient> client;
    std::vector<Secret> secrets;
  };
  void Scrub(std::string& text) const;
  Error ScrubbedError(Error why, const std::string& server) const;
  Json Scrubbed(Json value) const;

  std::vector<Server> servers_;
  std::vector<ServerTool> tools_;
};

}  // namespace xsweep
