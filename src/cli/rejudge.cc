// xsweep rejudge: another judge over the dialogues of a finished run, without asking any agent again.
// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "cli/command.h"
#include "sweep/again/rejudge_run.h"

namespace xsweep {

Expected<int> RejudgeCommand(const Invocation& invocation) {
  RejudgeRequest request;
  request.argv = invocation.argv;
  bool batch = false;
  std::optional<double> wait;
  BatchWish wish;
  Arguments arguments("rejudge", "Applies another judge to the kept transcripts of a run, into a run of its own.",
                      "xsweep rejudge latest --judge out_of_policy_refund --set judge.threshold=300");
  arguments.Positional("run", &request.run, "a run directory, run id, experiment or `latest`")
      .Option("--judge", &request.judge, "the other judge; its options come from --set")
      .Repeated("--set", &request.set, "an option of the judge or of its model, e.g. judge.threshold=300")
      .Option("--outdir", &request.outdir, "the results root (default results)")
      .Option("--run-id", &request.run_id, "name of the new run")
      .Option("--jobs", &request.jobs, "questions to a judge that is a model, at once", 1, 100000)
      .Flag("--batch", &batch, "ask through the provider's batch endpoint: half the price, within a day")
      .Option("--wait", &wait, "hours to wait for batches (default 26); the same command goes on later")
      .Option("--batch-size", &wish.size, "most questions in a batch", 1, 100000);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  if (!batch && wait) return UserError("says how long to wait for batches; add --batch", "--wait");
  if (wait && !(*wait >= 0)) return UserError("is a number of hours, 0 or more", "--wait");
  wish.wait_hours = wait.value_or(wish.wait_hours);
  if (batch) request.batch = wish;
  return RejudgeRun(request, invocation.stop);
}

}  // namespace xsweep
