// xsweep export results: a run's episodes in the formats of tau-bench v1 and tau2-bench.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "cli/command.h"
#include "foreign/writers/write_tau.h"
#include "record/logs/layout.h"
#include "record/logs/trial_log.h"
#include "record/run_directory.h"
#include "record/transcripts/transcript_file.h"
#include "sweep/admit_run.h"
#include "sweep/foreign/export_run.h"
#include "sweep/open/experiment.h"
#include "sweep/open/open_environment.h"

namespace xsweep {
namespace {

constexpr std::string_view kExportUsage =
    "Writes what other tools read.\n\n"
    "Usage: xsweep export RUN --format eval|otlp|sarif|junit|csv --out DIR   Inspect logs, traces, gates, rows\n"
    "       xsweep export RUN --format mlflow|otlp --out URL                 a tracking server, a receiver of traces\n"
    "       xsweep export results RUN --format tau1|tau2 [--cell CELL] > FILE\n\n"
    "Example: xsweep export airline_escalating_v1/latest --format eval --out logs\n";

struct Source {
  RunDirectory run;
  Manifest manifest;
  Experiment experiment;
  std::string cell;
  std::optional<TranscriptFile> transcripts;
};

/// Neither format knows cells, so a file holds one of them.
Expected<std::string> ChooseCell(const Manifest& manifest, const std::string& wanted) {
  if (wanted.empty() && manifest.cells.size() == 1) return manifest.cells.front().id;
  std::vector<std::string> ids;
  ids.reserve(manifest.cells.size());
  for (const CellRecord& cell : manifest.cells) ids.push_back(cell.id);
  if (wanted.empty())
    return UserError(fmt::format("this run has {} cells and the format knows none; choose one of {}", ids.size(),
                                 fmt::join(ids, ", ")),
                     "--cell");
  if (std::ranges::find(ids, wanted) == ids.end())
    return UserError("unknown cell `" + wanted + "`" + DidYouMean(wanted, ids, "there are"), "--cell");
  return wanted;
}

Expected<Source> OpenSource(const std::string& outdir, const std::string& name, const std::string& cell) {
  TRY_ASSIGN(const auto path, FindRun(outdir, "", name));
  TRY_ASSIGN(auto run, RunDirectory::Open(RealDisk(), path));
  if (!run.sealed()) return UserError("is not finished; `xsweep run --resume` goes on with it", path.string());
  TRY_ASSIGN(Experiment experiment, OpenExperiment(run.File(layout::kConfig).string(), {}));
  TRY_ASSIGN(Manifest manifest, run.ReadManifest());
  TRY_ASSIGN(std::string chosen, ChooseCell(manifest, cell));
  Source source{std::move(run), std::move(manifest), std::move(experiment), std::move(chosen), std::nullopt};
  const auto kept = source.run.File(layout::kTranscripts);
  if (std::filesystem::exists(kept)) {
    TRY_ASSIGN(source.transcripts, TranscriptFile::Open(kept));
  }
  return source;
}

Expected<std::optional<Transcript>> TranscriptOf(const Source& source, std::uint64_t index) {
  if (!source.transcripts) return std::nullopt;
  TRY_ASSIGN(const auto json, source.transcripts->Find(index));
  if (!json) return std::nullopt;
  TRY_ASSIGN(Transcript transcript, Transcript::FromJson(*json));
  return std::optional(std::move(transcript));
}

/// A trial's number within its task: neither format has several seeds.
std::uint32_t TrialNumber(const Manifest& manifest, const Trial& row) {
  const auto seed = std::ranges::find(manifest.seeds, row.seed) - manifest.seeds.begin();
  return static_cast<std::uint32_t>(seed) * manifest.trials + row.trial;
}

Expected<Json> Entries(const Source& source, bool tau1) {
  Json list = Json::MakeArray();
  const auto rows = source.run.File(layout::kRows);
  TRY(ForEachLine(rows, [&](std::uint64_t, std::string_view line) -> Status {
    TRY_ASSIGN(const Trial row, ParseTrialRow(line, rows.string()));
    if (row.cell != source.cell || row.outcome == Outcome::kSkipped) return {};
    TRY_ASSIGN(const auto transcript, TranscriptOf(source, row.index));
    TRY_ASSIGN(const std::size_t place, FindTask(*source.experiment.environment, row.task));
    const Transcript* said = transcript ? &*transcript : nullptr;
    const std::uint32_t trial = TrialNumber(source.manifest, row);
    list.Append(tau1 ? AsTau1Entry(source.experiment.environment->tasks()[place], row, trial, said)
                     : AsTau2Simulation(row, trial, source.manifest.timestamp_utc, said));
    return {};
  }));
  return list;
}

Expected<Json> AsFile(const Source& source, bool tau1) {
  TRY_ASSIGN(Json entries, Entries(source, tau1));
  if (tau1) return entries;
  const Manifest& manifest = source.manifest;
  const SweepConfig& config = source.experiment.config;
  const std::string& name = manifest.environment_name;
  const Json environment = Json::MakeObject(
      {{"domain_name", name.substr(name.find('/') + 1)}, {"policy", source.experiment.environment->policy()}});
  Json info = Json::MakeObject({{"git_commit", manifest.git.sha.empty() ? "unknown" : manifest.git.sha},
                                {"num_trials", manifest.trials * static_cast<std::uint32_t>(manifest.seeds.size())},
                                {"max_steps", config.limits.max_turns},
                                {"max_errors", config.limits.max_tool_errors},
                                {"user_info", Json::MakeObject({{"implementation", "xsweep"}})},
                                {"agent_info", Json::MakeObject({{"implementation", config.agent.name}})},
                                {"environment_info", environment},
                                {"seed", manifest.seeds.empty() ? Json() : Json(manifest.seeds.front())}});
  Json tasks = Json::MakeArray();
  for (const std::string& id : manifest.tasks) {
    TRY_ASSIGN(const std::size_t place, FindTask(*source.experiment.environment, id));
    tasks.Append(AsTau2Task(source.experiment.environment->tasks()[place]));
  }
  return Json::MakeObject({{"timestamp", manifest.timestamp_utc},
                           {"info", std::move(info)},
                           {"tasks", std::move(tasks)},
                           {"simulations", std::move(entries)}});
}

Expected<int> ExportFormat(const std::vector<std::string>& words) {
  ExportRequest request;
  Arguments arguments("export", "Writes a sealed run in a format that other tools read.",
                      "xsweep export airline_escalating_v1/latest --format eval --out logs");
  arguments.Positional("run", &request.run, "the run: its directory, id or EXP/latest")
      .Option("--format", &request.format, "eval, otlp, mlflow, sarif, junit or csv")
      .Option("--out", &request.out, "the directory to write to; of mlflow the server's address, of otlp either")
      .Option("--cell", &request.cell, "only this cell")
      .Flag("--accept-invalid", &request.accept_invalid, "write a run that is damaged all the same")
      .Flag("--undecided-fails", &request.undecided_fails, "junit: INSUFFICIENT is a failure (default: an error)")
      .Option("--outdir", &request.outdir, "the results root (default results)");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, words));
  if (helped) return kExitDone;
  TRY(ExportRun(request));
  return kExitDone;
}

}  // namespace

Expected<int> ExportCommand(const Invocation& invocation) {
  const std::vector<std::string>& words = invocation.words;
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    Print(kExportUsage);
    return words.empty() ? kExitUsage : kExitDone;
  }
  if (words[0] != "results") return ExportFormat(words);
  std::string name, format, cell;
  std::string outdir = "results";
  bool accept_invalid = false;
  Arguments arguments("export results", "Writes a run's episodes as tau-bench v1's or tau2's result file to stdout.",
                      "xsweep export results airline_escalating_v1/latest --format tau2 > results.json");
  arguments.Positional("run", &name, "the run: its directory, id or EXP/latest")
      .Option("--format", &format, "tau1 or tau2")
      .Option("--cell", &cell, "which cell of a run that has several")
      .Flag("--accept-invalid", &accept_invalid, "write a run that is damaged all the same")
      .Option("--outdir", &outdir, "the results root (default results)");
  TRY_ASSIGN(const auto help, arguments.Parse({words.begin() + 1, words.end()}));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  if (format != "tau1" && format != "tau2") return UserError("needs --format tau1 or --format tau2", "export results");
  TRY_ASSIGN(const Source source, OpenSource(outdir, name, cell));
  TRY_ASSIGN(const RunAggregate aggregate, AggregateRun(source.run.path().string()));
  TRY(AdmitRun(aggregate, accept_invalid));
  if (!source.transcripts) PrintNote("no transcripts were kept in this run, so the dialogues are empty");
  TRY_ASSIGN(const Json file, AsFile(source, format == "tau1"));
  Print(file.DumpPretty() + "\n");
  return kExitDone;
}

}  // namespace xsweep
