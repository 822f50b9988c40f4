// The flags of `xsweep run`.
// SPDX-License-Identifier: Apache-2.0
#include "cli/run_flags.h"

namespace xsweep {

Arguments DeclareRun(RunFlags& flags) {
  Arguments arguments("run", "Runs a sweep into a run directory of its own: results/<exp>/<run_id>/.",
                      "xsweep run configs/airline_escalating_v1/run.yaml --seeds 41,42 --trials 3");
  arguments.Positional("config", &flags.config, "the config, a YAML file", false)
      .Option("--outdir", &flags.outdir, "the results root (default results)")
      .Option("--gates", &flags.gates, "a file of gates to add to the config's; gates.yaml beside the config by itself")
      .Option("--run-id", &flags.run_id, "name of the run; the same again resumes it")
      .Option("--resume", &flags.resume, "a run to go on with: its directory, id or `latest`")
      .Option("--jobs", &flags.jobs, "threads in SHIM, conversations at once in REAL", 1, 100000)
      .Option("--shard", &flags.shard, "run only this part, INDEX/COUNT; `xsweep merge` finishes the run")
      .Option("--executor", &flags.executor, "local (threads here, the default) or slurm (a job array)")
      .Option("--slurm-shards", &flags.slurm_shards, "tasks of the job array (default 16)", 1, 100000)
      .Option("--slurm-partition", &flags.slurm.partition, "Slurm partition")
      .Option("--slurm-time", &flags.slurm.time, "time limit of one shard, as Slurm writes it, e.g. 01:00:00")
      .Option("--slurm-mem", &flags.slurm.memory, "memory of one shard, as Slurm writes it, e.g. 2G")
      .Option("--slurm-account", &flags.slurm.account, "account to charge")
      .Repeated("--slurm-arg", &flags.slurm.extra, "one more argument for sbatch; may be repeated")
      .Option("--replay", &flags.replay,
              "a REAL run whose kept exchanges answer in place of the models; no socket opens")
      .Flag("--retry-errors", &flags.retry_errors, "with --resume: run trials that ended in an error again")
      .Flag("--force", &flags.force, "with --resume: go on although the program, config or data has changed")
      .Flag("--quiet", &flags.quiet, "no progress line");
  DeclareOverrides(arguments, flags.overrides);
  return arguments;
}

Status CheckRunFlags(const RunFlags& flags) {
  if (flags.executor != "local" && flags.executor != "slurm")
    return UserError("is `local` or `slurm`, not `" + flags.executor + "`", "--executor");
  if (flags.executor == "slurm" && flags.shard)
    return UserError("splits the run itself; leave out --shard", "--executor slurm");
  if (flags.executor == "slurm" && flags.replay)
    return UserError("asks no model, so it needs no cluster; leave out --executor slurm", "--replay");
  if (flags.resume && !flags.config.empty())
    return UserError("goes on with the config in the run directory; leave out `" + flags.config + "`", "--resume");
  const OverrideFlags& changes = flags.overrides;
  if (flags.resume && (changes.seeds || changes.trials || changes.mode || changes.prices || !changes.set.empty() ||
                       !flags.gates.empty()))
    return UserError(
        "goes on with the config as it is in the run directory; leave out --seeds, --trials, --mode, --set, --prices "
        "and --gates, or start another run",
        "--resume");
  if (!flags.resume && flags.config.empty())
    return UserError("needs a config, e.g. configs/airline_escalating_v1/run.yaml; see `xsweep run --help`", "run");
  if (flags.shard && !flags.run_id && !flags.resume)
    return UserError("needs --run-id, so that all shards join one run", "--shard");
  return {};
}

}  // namespace xsweep
