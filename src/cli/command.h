// Command: one word after `xsweep`. Flags in, exit code out; each command is a file that reads as its own recipe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/system/terminal.h"
#include "cli/arguments.h"
#include "words/exit_code.h"

namespace xsweep {

/// How one command was called. Commands print results to stdout themselves and leave errors to main.
struct Invocation {
  std::vector<std::string> words;  ///< after the command's name
  std::vector<std::string> argv;   ///< the whole command line, for run.json
  const std::atomic<bool>& stop;   ///< set by SIGINT and SIGTERM
};

struct Command {
  std::string_view name;
  std::string_view summary;  ///< one line, shown by `xsweep --help`
  Expected<int> (*run)(const Invocation& invocation);
};

Expected<int> RunCommand(const Invocation& invocation);
Expected<int> PlanCommand(const Invocation& invocation);
Expected<int> ReportCommand(const Invocation& invocation);
Expected<int> PlotCommand(const Invocation& invocation);
Expected<int> ListCommand(const Invocation& invocation);
Expected<int> InitCommand(const Invocation& invocation);
Expected<int> PartsCommand(const Invocation& invocation);
Expected<int> SchemaCommand(const Invocation& invocation);
Expected<int> SelfcheckCommand(const Invocation& invocation);
Expected<int> JournalCommand(const Invocation& invocation);
Expected<int> CompareCommand(const Invocation& invocation);
Expected<int> PowerCommand(const Invocation& invocation);
Expected<int> AttachMcpCommand(const Invocation& invocation);
Expected<int> McpPipeCommand(const Invocation& invocation);
Expected<int> EnvCommand(const Invocation& invocation);
Expected<int> RejudgeCommand(const Invocation& invocation);
Expected<int> ProbeCommand(const Invocation& invocation);
Expected<int> WorkerCommand(const Invocation& invocation);
Expected<int> MergeCommand(const Invocation& invocation);
Expected<int> AttachCommand(const Invocation& invocation);
Expected<int> ImportCommand(const Invocation& invocation);
Expected<int> ExportCommand(const Invocation& invocation);
Expected<int> ParityCommand(const Invocation& invocation);
Expected<int> PublishCommand(const Invocation& invocation);
Expected<int> ServeCommand(const Invocation& invocation);
Expected<int> ServeModelCommand(const Invocation& invocation);
Expected<int> LabelCommand(const Invocation& invocation);

}  // namespace xsweep
