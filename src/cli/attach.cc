// xsweep attach.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/again/attach.h"

#include "cli/command.h"
#include "record/run_directory.h"

namespace xsweep {

Expected<int> AttachCommand(const Invocation& invocation) {
  std::string name;
  std::string outdir = "results";
  std::string exp;
  bool cancel = false;
  Arguments arguments("attach", "Watches a run on Slurm to its end; submits again what node failures left missing.",
                      "xsweep attach results/airline_static_v1/my_run");
  arguments.Positional("run", &name, "a run directory, run id or `latest`")
      .Option("--outdir", &outdir, "the results root (default results)")
      .Option("--exp", &exp, "look among the runs of this experiment")
      .Flag("--cancel", &cancel, "end its jobs; finished trials are kept");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY_ASSIGN(const auto path, FindRun(outdir, exp, name));
  TRY_ASSIGN(const auto run, RunDirectory::Open(RealDisk(), path));
  return cancel ? CancelSlurm(run, invocation.stop) : WatchSlurm(run, invocation.stop);
}

}  // namespace xsweep
