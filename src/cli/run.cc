// xsweep run: a config into a run directory.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/files.h"
#include "cli/command.h"
#include "cli/execute.h"
#include "cli/experiment.h"
#include "cli/live_models.h"
#include "config/resolved.h"
#include "record/run_id.h"

namespace xsweep {
namespace {

struct RunFlags {
  std::string config;
  std::string outdir = "results";
  std::optional<std::string> run_id, resume, shard, replay;
  int jobs = 0;
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
      .Option("--run-id", &flags.run_id, "name of the run; the same again resumes it")
      .Option("--resume", &flags.resume, "a run to go on with: its directory, id or `latest`")
      .Option("--jobs", &flags.jobs, "threads in SHIM, conversations at once in REAL", 1, 100000)
      .Option("--shard", &flags.shard, "run only this part, INDEX/COUNT; `xsweep merge` finishes the run")
      .Option("--replay", &flags.replay, "a REAL run whose kept exchanges answer in place of the models; no socket opens")
      .Flag("--retry-errors", &flags.retry_errors, "with --resume: run trials that ended in an error again")
      .Flag("--force", &flags.force, "with --resume: go on although the program, config or data has changed")
      .Flag("--quiet", &flags.quiet, "no progress line");
  flags.overrides.Declare(arguments);
  return arguments;
}

/// A new run directory with config.yaml and run.json, in that order: a directory with a run.json can be resumed.
Expected<RunDirectory> StartRun(const Experiment& experiment, const RunFlags& flags, Manifest& manifest) {
  const auto now = std::chrono::system_clock::now();
  const std::string id =
      flags.run_id.value_or(MakeRunId(now, manifest.git.sha, manifest.mode, manifest.seeds, manifest.trials));
  TRY_ASSIGN(const auto run,
             RunDirectory::Create(RealDisk(), flags.outdir, experiment.config.exp, id, flags.run_id.has_value()));
  manifest.run_id = run.run_id();
  manifest.timestamp_utc = IsoUtc(now);
  TRY(run.Write("config.yaml", ResolvedYaml(experiment.config)));
  TRY(run.WriteManifest(manifest));
  return run;
}

Expected<int> RunToTheEnd(const Experiment& experiment, const RunDirectory& run, Manifest manifest,
                          const RunFlags& flags, const Invocation& invocation) {
  ExecuteOptions options{flags.jobs, {}, flags.retry_errors, flags.quiet, {}};
  if (flags.replay) {
    TRY_ASSIGN(options.replay, FindRun(flags.outdir, "", *flags.replay));
  }
  if (flags.shard) {
    TRY_ASSIGN(options.shard, ParseShard(*flags.shard));
  }
  const Status ran = RunMissing(experiment, run, manifest, options, invocation.stop);
  if (!ran) {
    // The rows say what is done; the status only helps people. Losing it must not hide the first error.
    (void)run.WriteManifest(manifest);
    if (ran.error().kind != ErrorKind::kInterrupted) return std::unexpected(ran.error());
    PrintNote(
        fmt::format("interrupted; finished trials are kept, go on with: xsweep run --resume {}", run.path().string()));
    return kExitInterrupted;
  }
  if (options.shard.count > 1) {
    Print(fmt::format("shard {}/{} of {} is done; `xsweep merge {}` finishes the run\n", options.shard.index,
                      options.shard.count, run.run_id(), run.path().string()));
    return kExitDone;
  }
  return FinishRun(run, std::move(manifest));
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
  if (flags.config.empty())
    return UserError("needs a config, e.g. configs/airline_escalating_v1/run.yaml; see `xsweep run --help`", "run");
  TRY_ASSIGN(const Experiment experiment, OpenExperiment(flags.config, flags.overrides.ToOverrides()));
  if (!experiment.note.empty()) PrintNote(experiment.note);
  TRY(CheckModels(experiment));
  if (!flags.replay) TRY(CheckKeys(experiment));
  Manifest manifest = DescribeRun(experiment, invocation.argv);
  TRY_ASSIGN(const auto run, StartRun(experiment, flags, manifest));
  return RunToTheEnd(experiment, run, std::move(manifest), flags, invocation);
}

}  // namespace xsweep
