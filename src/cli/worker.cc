// xsweep worker: runs one shard of a run that is there already. What a node of a cluster is started with.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "sweep/again/resume.h"

namespace xsweep {

Expected<int> WorkerCommand(const Invocation& invocation) {
  std::string run;
  std::string shard;
  ExecuteOptions options;
  bool force = false;
  Arguments arguments("worker", "Runs one shard of a run: what is missing of it. `xsweep merge` finishes the run.",
                      "xsweep worker --run results/airline_static_v1/my_run --shard 3/16");
  arguments.Option("--run", &run, "the run directory")
      .Option("--shard", &shard, "INDEX/COUNT, the INDEX from 0")
      .Option("--jobs", &options.jobs, "threads in SHIM, conversations at once in REAL", 1, 100000)
      .Flag("--retry-errors", &options.retry_errors, "run trials that ended in an error again")
      .Flag("--force", &force, "go on although the program, config or data has changed")
      .Flag("--quiet", &options.quiet, "no progress line");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  if (run.empty()) return UserError("needs a run directory; see `xsweep worker --help`", "--run");
  if (shard.empty()) return UserError("needs INDEX/COUNT, e.g. 3/16", "--shard");
  TRY_ASSIGN(options.shard, ParseShard(shard));
  TRY_ASSIGN(const OpenedRun opened, OpenRun(run, force));
  return GoOnAsShard(opened, options, invocation.stop);
}

}  // namespace xsweep
