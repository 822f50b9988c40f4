// xsweep run: a config into a run directory.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/run_flags.h"
#include "sweep/again/attach.h"
#include "sweep/again/resume.h"
#include "sweep/open/experiment.h"
#include "sweep/open/live_models.h"
#include "sweep/start_run.h"

namespace xsweep {
namespace {

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

}  // namespace

Expected<int> RunCommand(const Invocation& invocation) {
  RunFlags flags;
  Arguments arguments = DeclareRun(flags);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY(CheckRunFlags(flags));
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
