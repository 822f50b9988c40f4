// xsweep export results: a run's episodes in the formats of tau-bench v1 and tau2-bench.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/environment_flags.h"
#include "cli/experiment.h"
#include "cli/foreign_results.h"
#include "record/run_directory.h"
#include "record/transcript_log.h"
#include "record/trial_log.h"

namespace xsweep {
namespace {

constexpr std::string_view kUsage =
    "Writes what other tools read.\n\n"
    "Usage: xsweep export results RUN --format tau1|tau2 > FILE\n\n"
    "Example: xsweep export results airline_escalating_v1/latest --format tau2 > results.json\n";

struct Source {
  RunDirectory run;
  Experiment experiment;
  std::optional<TranscriptFile> transcripts;
};

Expected<Source> OpenSource(const std::string& outdir, const std::string& name) {
  TRY_ASSIGN(const auto path, FindRun(outdir, "", name));
  TRY_ASSIGN(auto run, RunDirectory::Open(RealDisk(), path));
  if (!run.sealed()) return UserError("is not finished; `xsweep run --resume` goes on with it", path.string());
  TRY_ASSIGN(Experiment experiment, OpenExperiment(run.File("config.yaml").string(), {}));
  Source source{std::move(run), std::move(experiment), std::nullopt};
  const auto kept = source.run.File("transcripts.jsonl.zst");
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

Expected<Json> Entries(const Source& source, bool tau1) {
  Json list = Json::MakeArray();
  const auto rows = source.run.File("trials.jsonl");
  TRY(ForEachLine(rows, [&](std::uint64_t, std::string_view line) -> Status {
    TRY_ASSIGN(const Trial row, ParseTrialRow(line, rows.string()));
    TRY_ASSIGN(const auto transcript, TranscriptOf(source, row.index));
    TRY_ASSIGN(const std::size_t place, FindTask(*source.experiment.environment, row.task));
    const Transcript* said = transcript ? &*transcript : nullptr;
    list.Append(tau1 ? AsTau1Entry(source.experiment.environment->tasks()[place], row, said)
                     : AsTau2Simulation(row, said));
    return {};
  }));
  return list;
}

Expected<Json> AsFile(const Source& source, bool tau1) {
  TRY_ASSIGN(Json entries, Entries(source, tau1));
  if (tau1) return entries;
  TRY_ASSIGN(const Manifest manifest, source.run.ReadManifest());
  const std::string& name = manifest.environment_name;
  const Json environment = Json::MakeObject(
      {{"domain_name", name.substr(name.find('/') + 1)}, {"policy", source.experiment.environment->policy()}});
  Json info =
      Json::MakeObject({{"git_commit", manifest.git.sha},
                        {"num_trials", manifest.trials},
                        {"agent_info", Json::MakeObject({{"implementation", source.experiment.config.agent.name}})},
                        {"environment_info", environment},
                        {"seed", manifest.seeds.empty() ? Json() : Json(manifest.seeds.front())}});
  Json tasks = Json::MakeArray();
  for (const std::string& id : manifest.tasks) tasks.Append(Json::MakeObject({{"id", id}}));
  return Json::MakeObject({{"timestamp", manifest.timestamp_utc},
                           {"info", std::move(info)},
                           {"tasks", std::move(tasks)},
                           {"simulations", std::move(entries)}});
}

}  // namespace

Expected<int> ExportCommand(const Invocation& invocation) {
  const std::vector<std::string>& words = invocation.words;
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    Print(kUsage);
    return words.empty() ? kExitUsage : kExitDone;
  }
  if (words[0] != "results")
    return UserError("unknown `export " + words[0] + "`" + DidYouMean(words[0], {"results"}, "there is"), "export");
  std::string name, format;
  std::string outdir = "results";
  Arguments arguments("export results", "Writes a run's episodes as tau-bench v1's or tau2's result file to stdout.",
                      "xsweep export results airline_escalating_v1/latest --format tau2 > results.json");
  arguments.Positional("run", &name, "the run: its directory, id or EXP/latest")
      .Option("--format", &format, "tau1 or tau2")
      .Option("--outdir", &outdir, "the results root (default results)");
  TRY_ASSIGN(const auto help, arguments.Parse({words.begin() + 1, words.end()}));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  if (format != "tau1" && format != "tau2") return UserError("needs --format tau1 or --format tau2", "export results");
  TRY_ASSIGN(const Source source, OpenSource(outdir, name));
  if (!source.transcripts) PrintNote("no transcripts were kept in this run, so the dialogues are empty");
  TRY_ASSIGN(const Json file, AsFile(source, format == "tau1"));
  Print(file.DumpPretty() + "\n");
  return kExitDone;
}

}  // namespace xsweep
