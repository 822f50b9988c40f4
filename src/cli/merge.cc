// xsweep merge.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/merge.h"

#include "cli/command.h"
#include "record/run_directory.h"

namespace xsweep {

Expected<int> MergeCommand(const Invocation& invocation) {
  std::string name;
  std::string outdir = "results";
  std::string exp;
  Arguments arguments("merge", "Finishes a run whose shards have run: the same files as one process writes.",
                      "xsweep merge results/airline_static_v1/my_run");
  arguments.Positional("run", &name, "a run directory or run id")
      .Option("--outdir", &outdir, "the results root (default results)")
      .Option("--exp", &exp, "look among the runs of this experiment");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const auto path, FindRun(outdir, exp, name));
  TRY_ASSIGN(const auto run, RunDirectory::Open(RealDisk(), path));
  return MergeRun(run);
}

}  // namespace xsweep
