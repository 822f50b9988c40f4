// xsweep env serve: an environment's tools over MCP.
// SPDX-License-Identifier: Apache-2.0
#include "checks/play.h"
#include "cli/env_commands.h"
#include "cli/shared_flags.h"
#include "mcp/environment_host.h"
#include "sweep/open/open_environment.h"

namespace xsweep {

Expected<int> EnvServeCommand(const std::vector<std::string>& words, const std::atomic<bool>& stop) {
  EnvironmentFlags flags;
  std::string task, http;
  Arguments arguments(
      "env serve",
      "Offers an environment's tools over MCP, on stdin and stdout until stdin ends or, with --http, at "
      "an address that it prints.",
      "xsweep env serve airline --http 127.0.0.1:0");
  arguments.Positional("name", &flags.name, "the environment; `xsweep env list` names them")
      .Option("--task", &task, "whose fork: a task's id (default the first)")
      .Option("--http", &http, "ADDRESS:PORT to listen on; port 0: any free one");
  DeclareEnvironment(arguments, flags);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const auto source, flags.Open());
  TRY_ASSIGN(const std::size_t place, FindTask(*source, task));
  SystemClock clock;
  TRY_ASSIGN(const auto loop, IoLoop::Create(clock));
  EnvironmentModels models{.around = {.loop = loop.get()}};
  TRY_ASSIGN(auto environment, loop->Run(source->Fork(place, models)));
  const auto host = std::make_shared<EnvironmentHost>(std::move(environment));
  if (http.empty()) {
    TRY(ServeOverPipes(*loop, host, stop));
  } else {
    TRY_ASSIGN(const ServerOptions options, ParseAddress(http));
    TRY(ServeOverHttp(*loop, host, options, stop));
  }
  return kExitDone;
}

}  // namespace xsweep
