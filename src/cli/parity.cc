// xsweep parity: the same calls on a native desk and on a bridged worker, until the first byte that differs.
// SPDX-License-Identifier: Apache-2.0
#include "checks/parity.h"

#include "cli/command.h"

namespace xsweep {

Expected<int> ParityCommand(const Invocation& invocation) {
  ParityRequest request;
  Arguments arguments(
      "parity", "Plays tasks and seeded odd calls on a native desk and on a worker; stops at the first difference.",
      "xsweep parity --environment tau2/airline --data ~/tau2-bench --worker \"python3 "
      "tools/xsweep_bridge.py tau2 airline\"");
  arguments.Option("--environment", &request.environment, "the native desk, e.g. tau2/airline")
      .Option("--data", &request.data, "its data")
      .Option("--worker", &request.worker, "the worker's command; words are split at spaces")
      .Option("--calls", &request.calls, "how many odd calls (default 1000)", 0, 100000000)
      .Option("--seed", &request.seed, "of the odd calls (default 1)", 0, 2000000000)
      .Option("--timeout", &request.timeout, "seconds that one answer may take (default 60)", 1, 86400);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  return CheckParity(request);
}

}  // namespace xsweep
