// xsweep serve-model: the simulated agent as a model that any harness can be pointed at.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "cli/command.h"
#include "cli/shared_flags.h"
#include "net/io_loop.h"
#include "sweep/open/live_models.h"
#include "sweep/open/model_seats.h"

namespace xsweep {

namespace {

Status Announce(const ModelSeats& seats, const std::string& base, bool json) {
  if (json) {
    TRY_ASSIGN(const Json first, seats.Describe(0, base));
    Print(first.Dump() + "\n");
    return {};
  }
  Print(fmt::format("OPENAI_BASE_URL={}/v1\nANTHROPIC_BASE_URL={}\n", base, base));
  PrintNote(
      fmt::format("the trial is the first one whose task the user names; {}/trial/0 to /trial/{} are all of "
                  "them, and say what to ask. Any key will do. (Ctrl-C ends it)",
                  base, seats.size() - 1));
  return {};
}

}  // namespace

Expected<int> ServeModelCommand(const Invocation& invocation) {
  std::string config;
  OverrideFlags flags;
  ServerOptions options;
  bool json = false;
  Arguments arguments("serve-model",
                      "Serves the simulated agent of a config as a model, over the wires of OpenAI Chat Completions, "
                      "OpenAI Responses and Anthropic Messages: it plays the task with whatever tools it is offered.",
                      "xsweep serve-model configs/airline_static_v1/exp.yaml --port 8000");
  arguments.Positional("config", &config, "the experiment")
      .Option("--port", &options.port, "port to listen on; 0: any free one (default: 0)", 0, 65535)
      .Option("--host", &options.address, "numeric address to listen on (default: 127.0.0.1, this machine alone)")
      .Repeated("--allow-host", &options.hosts, "a host name by which it may be asked, when it is not this machine's")
      .Flag("--json", &json, "print the first trial's addresses, words and policy for machines");
  DeclareOverrides(arguments, flags);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  flags.mode = "SHIM";
  TRY_ASSIGN(const Overrides overrides, flags.ToOverrides());
  TRY_ASSIGN(const Experiment experiment, OpenExperiment(config, overrides));
  TRY_ASSIGN(const auto seats, ModelSeats::Open(experiment));
  SystemClock time;
  TRY_ASSIGN(const auto loop, IoLoop::Create(time));
  TRY_ASSIGN(const auto server, HttpServer::Listen(*loop, options));
  const std::string base = server->Address();
  const Mount mount = MountModel(*server, "/", HostSeats(*seats, base));
  TRY(Announce(*seats, base, json));
  std::fflush(stdout);  // whoever waits for the addresses reads a pipe
  TRY(loop->Run(UntilStopped(*loop, invocation.stop)));
  return kExitDone;
}

}  // namespace xsweep
