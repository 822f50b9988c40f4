// StartRun: how a run comes to be, whoever starts it.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/start_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "config/resolved.h"
#include "engine/budget.h"
#include "record/run_id.h"

namespace xsweep {
namespace {

/// Refused before anything is made, because it is a mistake in the flags rather than a failure of the world.
Status CheckWritable(const std::string& outdir, const std::string& exp) {
  if (outdir.empty()) return UserError("is empty; name a directory, e.g. results", "--outdir");
  std::error_code ignored;
  std::filesystem::path there = std::filesystem::absolute(outdir, ignored) / exp;
  while (!std::filesystem::exists(there, ignored) && there.has_relative_path()) there = there.parent_path();
  if (!std::filesystem::is_directory(there, ignored))
    return UserError("is no directory; choose another one with --outdir", there.string());
  if (::access(there.c_str(), W_OK) == 0) return {};
  return UserError(
      fmt::format("cannot be written to: {}; choose another directory with --outdir", std::strerror(errno)),
      there.string());
}

}  // namespace

Expected<std::optional<StartedRun>> StartRun(const Experiment& experiment, Manifest manifest, const NewRun& where) {
  TRY(CheckWritable(where.outdir, experiment.config.exp));
  const auto now = std::chrono::system_clock::now();
  const std::string id =
      where.run_id.value_or(MakeRunId(now, manifest.git.sha, experiment.config.mode, manifest.seeds, manifest.trials));
  manifest.timestamp_utc = IsoUtc(now);
  // What was paid elsewhere is bounded by nothing here.
  if (!manifest.imported.is_object()) manifest.budget = Budget(experiment.config.limits, {}).ToJson();
  TRY_ASSIGN(auto run, RunDirectory::Start(RealDisk(), where.outdir, id, where.run_id.has_value(),
                                           ResolvedYaml(experiment.config), manifest));
  if (!run) return std::optional<StartedRun>();
  return std::optional(StartedRun{std::move(*run), std::move(manifest)});
}

Expected<StartedRun> StartNewRun(const Experiment& experiment, Manifest manifest, const NewRun& where) {
  TRY_ASSIGN(auto started, StartRun(experiment, std::move(manifest), where));
  if (started) return std::move(*started);
  const std::string id = where.run_id.value_or("");
  return UserError(fmt::format("the run `{}` is there already; choose another --run-id", id),
                   (std::filesystem::path(where.outdir) / experiment.config.exp / id).string());
}

}  // namespace xsweep
