// InitConfig: a first config, from what a person has: nothing yet, an agent, an MCP server, or a Python class.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace xsweep {

struct InitRequest {
  std::string exp = "my_sweep";
  std::string desk = "airline";       ///< the environment, where no server is named
  std::string data;                   ///< its data, where it needs some
  std::optional<std::string> agent;   ///< a command, or the name of a preset
  std::optional<std::string> server;  ///< an MCP server: a command, or an http(s) address
  /// A Python class, MODULE:CLASS, or the command of a worker that serves one.
  std::optional<std::string> python_class;
};

/// The text of a config with comments, which opens as it is. A server or a class is started and asked for its tools,
/// so that the tasks and goals that are proposed name tools that it has. Fails with kUser.
Expected<std::string> InitConfig(const InitRequest& request);

/// Words of a command as a shell would take them apart: at blanks, with '...' and "..." kept together.
std::vector<std::string> CommandWords(const std::string& command);

}  // namespace xsweep
