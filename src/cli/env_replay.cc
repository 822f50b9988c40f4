// xsweep env replay: recorded calls from stdin, executed.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <iostream>

#include "base/characters.h"
#include "base/text.h"
#include "cli/env_commands.h"
#include "cli/shared_flags.h"
#include "parts/desks.h"
#include "parts/environments/world/replay.h"

namespace xsweep {

Expected<int> EnvReplayCommand(const std::vector<std::string>& words) {
  EnvironmentFlags flags;
  flags.name = "airline";
  Arguments arguments("env replay", "Executes recorded calls from stdin and writes them with what xsweep made of them.",
                      "xsweep env replay --environment tau2/airline --data ~/tau2-bench < calls.jsonl > results.jsonl");
  arguments.Option("--environment", &flags.name, "which native desk (default airline)")
      .Option("--data", &flags.data, "a copy of the benchmark, or the desk's own directory");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  const Desk* desk = FindDesk(flags.name);
  if (desk == nullptr)
    return UserError("unknown desk `" + flags.name + "`" + DidYouMean(flags.name, DeskNames(), "there are"),
                     "--environment");
  TRY_ASSIGN(const DeskFiles files, ReadDesk(flags.name, flags.data));
  Replay replay(*desk, files.world);
  std::size_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (Trim(line).empty()) continue;
    auto replayed = replay.Line(line);
    if (!replayed) return UserError(replayed.error().message, fmt::format("stdin:{}", number));
    Print(*replayed + "\n");
    std::fflush(stdout);  // so that a program may ask line by line
  }
  return kExitDone;
}

}  // namespace xsweep
