// xsweep serve: opens the runs of a results directory in a browser.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <thread>

#include "cli/command.h"
#include "net/io_loop.h"
#include "page/page_server.h"

namespace xsweep {

Expected<int> ServeCommand(const Invocation& invocation) {
  std::string results = "results";
  ServerOptions options;
  options.port = 7878;
  Arguments arguments("serve", "Shows runs in a browser: read-only, on this machine alone, live while one is running.",
                      "xsweep serve --outdir results");
  arguments.Option("--outdir", &results, "the results directory (default: results)")
      .Option("--port", &options.port, "port to listen on; 0: any free one (default: 7878)", 0, 65535)
      .Option("--host", &options.address, "numeric address to listen on (default: 127.0.0.1, this machine alone)")
      .Repeated("--allow-host", &options.hosts, "a host name by which browsers may ask, when it is not this machine's");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  if (!std::filesystem::is_directory(results)) {
    return UserError("is no directory; name the one that holds your runs with --outdir", results);
  }
  SystemClock time;
  TRY_ASSIGN(const auto loop, IoLoop::Create(time));
  Routes routes(results);
  TRY_ASSIGN(const auto server, HttpServer::Listen(*loop, options));
  Offload offload(*loop, 4);
  const Mount page = MountPage(*server, offload, routes);
  if (options.address != "127.0.0.1" && options.address != "::1") {
    PrintNote("warning: everybody who can reach this machine can read these runs");
  }
  PrintNote(fmt::format("{}/  (Ctrl-C ends it)", server->Address()));
  // A list of thousands of runs takes a moment; it is there when the browser asks.
  const std::jthread ahead([&] { static_cast<void>(routes.Answer("/data/runs.json")); });
  TRY(loop->Run(UntilStopped(*loop, invocation.stop)));
  return kExitDone;
}

}  // namespace xsweep
