// xsweep init: a first config, for a desk, for your own agent, around an MCP server or a Python class.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/files.h"
#include "cli/command.h"
#include "sweep/open/experiment.h"
#include "sweep/open/init_config.h"

namespace xsweep {
namespace {

struct InitFlags {
  InitRequest request;
  std::string file = "sweep.yaml";
  bool force = false;
};

std::string Ask(const std::string& question) {
  PrintNote(question);
  std::string answer;
  std::getline(std::cin, answer);
  return answer;
}

/// Without a flag a person at a terminal is asked; a script gets the bundled desk.
void AskPerson(InitRequest& request) {
  const std::string choice =
      Ask("What do you want to attack?\n"
          "  1  the simulated agent on the bundled desk (needs nothing; Enter)\n"
          "  2  your own agent, as a program\n"
          "  3  an agent that uses your MCP server\n"
          "  4  an agent that uses the tools of your Python class");
  if (choice == "2") request.agent = Ask("How is it started? (a command, or claude-code, codex, opencode, ...)");
  if (choice == "4") request.python_class = Ask("Which class? (MODULE:CLASS)");
  if (choice == "3") request.server = Ask("How is the server started, or where is it? (a command, or http://...)");
}

Status WriteConfig(const InitFlags& flags, const std::string& text) {
  const std::filesystem::path path(flags.file);
  std::error_code ignored;
  if (!flags.force && std::filesystem::exists(path, ignored))
    return UserError("is there already; name another file with --out, or write over it with --force", flags.file);
  TRY_ASSIGN(auto file, AtomicFile::Create(RealDisk(), path));
  TRY(file.Write(text));
  return file.Commit();
}

void SayWhatNext(const InitFlags& flags) {
  Print(fmt::format("{}\n", flags.file));
  if (flags.request.agent) {
    PrintNote(fmt::format("try it without your agent:  xsweep run {} --mode SHIM", flags.file));
    PrintNote(fmt::format("with it and without a model: xsweep run {} --set agent.relay=shim", flags.file));
  }
  PrintNote(fmt::format("see what it would run:      xsweep plan {}", flags.file));
  PrintNote(fmt::format("run it:                     xsweep run {}", flags.file));
}

}  // namespace

Expected<int> InitCommand(const Invocation& invocation) {
  InitFlags flags;
  InitRequest& request = flags.request;
  Arguments arguments("init",
                      "Writes a first config: for a desk, for your own agent, around an MCP server or a Python class.",
                      "xsweep init --agent \"python3 my_agent.py\" --out my_agent.yaml");
  arguments.Option("--desk", &request.desk, "the environment (default airline, which the program carries)")
      .Option("--data", &request.data, "its data, where it needs some")
      .Option("--agent", &request.agent, "your agent: a command in quotes, or a preset such as claude-code")
      .Option("--mcp", &request.server, "an MCP server that the agent uses: a command in quotes, or its address")
      .Option("--class", &request.python_class,
              "a Python class with the tools: MODULE:CLASS, or a worker's command in quotes")
      .Option("--exp", &request.exp, "name of the experiment (default my_sweep)")
      .Option("--out", &flags.file, "the file to write (default sweep.yaml)")
      .Flag("--force", &flags.force, "write over a file that is there");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  if (invocation.words.empty() && ::isatty(STDIN_FILENO) == 1) AskPerson(request);
  TRY_ASSIGN(const std::string text, InitConfig(request));
  TRY(OpenExperimentText(text, flags.file, {}));
  TRY(WriteConfig(flags, text));
  SayWhatNext(flags);
  return kExitDone;
}

}  // namespace xsweep
