// xsweep run: a config into a run directory.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "sweep/attach.h"
#include "sweep/experiment.h"
#include "sweep/live_models.h"
#include "sweep/resume.h"
#include "sweep/start_run.h"

namespace xsweep {
namespace {

struct RunFlags {
  std::string config;
  std::string outdir = "results";
  std::string gates;
  std::optional<std::string> run_id, resume, shard, replay;
  int jobs = 0;
  std::string executor = "local";
  SlurmOptions slurm;
  int slurm_shards = 16;
  bool quiet = false;
  bool retry_errors = false;
  bool force = false;
  OverrideFlags overrides;
};

Arguments Declare(RunFlags& flags) {
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

/// With --run-id an existing run of that name is opened instead, also when another process has just made it.
Expected<OpenedRun> StartOrJoin(Experiment experiment, const RunFlags& flags, const std::vector<std::string>& argv) {
  TRY_ASSIGN(auto started, StartRun(experiment, DescribeRun(experiment, argv), {flags.outdir, flags.run_id}));
  if (started) return OpenedRun{std::move(experiment), std::move(started->run), std::move(started->manifest)};
  const auto there = std::filesystem::path(flags.outdir) / experiment.config.exp / flags.run_id.value_or("");
  return OpenRunAs(std::move(experiment), there, flags.force);
}

Status CheckAskable(const Experiment& experiment, const RunFlags& flags) {
  TRY(CheckModels(experiment.config, experiment.plan, experiment.catalog.Specs()));
  return flags.replay ? Status() : CheckKeys(experiment.plan);
}

Expected<OpenedRun> Open(const RunFlags& flags, const Invocation& invocation) {
  if (flags.resume) {
    TRY_ASSIGN(const auto path, FindRun(flags.outdir, flags.overrides.exp.value_or(""), *flags.resume));
    TRY_ASSIGN(OpenedRun opened, OpenRun(path, flags.force));
    TRY(CheckAskable(opened.experiment, flags));
    return opened;
  }
  TRY_ASSIGN(const Overrides changes, flags.overrides.ToOverrides());
  TRY_ASSIGN(Experiment experiment, OpenExperiment(flags.config, changes, flags.gates));
  if (!experiment.note.empty()) PrintNote(experiment.note);
  TRY(CheckAskable(experiment, flags));
  return StartOrJoin(std::move(experiment), flags, invocation.argv);
}

Status CheckFlags(const RunFlags& flags) {
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
        "and "
        "--gates, or start another run",
        "--resume");
  if (!flags.resume && flags.config.empty())
    return UserError("needs a config, e.g. configs/airline_escalating_v1/run.yaml; see `xsweep run --help`", "run");
  if (flags.shard && !flags.run_id && !flags.resume)
    return UserError("needs --run-id, so that all shards join one run", "--shard");
  return {};
}

}  // namespace

Expected<int> RunCommand(const Invocation& invocation) {
  RunFlags flags;
  Arguments arguments = Declare(flags);
  TRY_ASSIGN(const auto help, arguments.Parse(invocation.words));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  TRY(CheckFlags(flags));
  ExecuteOptions options{flags.jobs, {}, flags.retry_errors, flags.quiet, {}};
  if (flags.replay) {
    TRY_ASSIGN(options.replay, FindRun(flags.outdir, "", *flags.replay));
  }
  if (flags.shard) {
    TRY_ASSIGN(options.shard, ParseShard(*flags.shard));
  }
  TRY_ASSIGN(OpenedRun opened, Open(flags, invocation));
  if (flags.executor == "local" || opened.run.sealed()) return GoOn(opened, options, invocation.stop);
  flags.slurm.shards = static_cast<std::uint32_t>(flags.slurm_shards);
  flags.slurm.jobs = static_cast<std::uint32_t>(flags.jobs);
  flags.slurm.live = opened.experiment.config.mode == Mode::kReal;
  // A run that Slurm has already is watched, and what is missing is submitted from there.
  if (!ReadSlurmJobs(opened.run.path())) TRY(StartOnSlurm(opened.run, flags.slurm));
  return WatchSlurm(opened.run, invocation.stop);
}

}  // namespace xsweep
