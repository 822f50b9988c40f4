// ExportRun: a sealed run in the formats that other tools read.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/foreign/export_run.h"
#include "sweep/admit_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <thread>

#include "analyze/aggregate.h"
#include "base/files.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "foreign/writers/send_otlp.h"
#include "foreign/writers/write_gates.h"
#include "foreign/writers/write_inspect.h"
#include "foreign/writers/write_mlflow.h"
#include "foreign/writers/write_otlp.h"
#include "present/headline.h"
#include "record/logs/layout.h"
#include "record/logs/trial_log.h"
#include "record/run_directory.h"
#include "record/transcripts/transcript_file.h"
#include "sweep/verdict.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// A sealed run, opened for reading.
struct Source {
  RunDirectory run;
  ExportedRun exported;
  std::optional<TranscriptFile> transcripts;
};

ExportedRate Rated(const Rate& rate) {
  ExportedRate out{rate.successes, rate.n, rate.value(), std::nullopt, std::nullopt};
  if (const auto bounds = rate.bounds95()) out.low = bounds->low, out.high = bounds->high;
  return out;
}

/// "defense none, threshold 100": what a cell is called; its id where it has no axes.
std::string LabelOf(const CellAggregate& cell) {
  std::string label;
  for (const auto& [path, value] : cell.axes) {
    std::string_view name = path;
    if (name.ends_with(".name")) name.remove_suffix(5);
    label += fmt::format("{}{} {}", label.empty() ? "" : ", ", name.substr(name.rfind('.') + 1), value);
  }
  if (label.empty()) return cell.id;
  return cell.arm == Arm::kGrid ? label : fmt::format("{} ({})", label, NameOf(cell.arm));
}

Expected<ExportedCell> Describe(const Manifest& manifest, const CellAggregate& cell) {
  ExportedCell out;
  const auto record = std::ranges::find(manifest.cells, cell.id, &CellRecord::id);
  if (record == manifest.cells.end())
    return UserError(fmt::format("has rows of `{}`, which is no cell of its run.json", Printable(cell.id)));
  out.record = *record;
  out.label = LabelOf(cell);
  out.asr = Rated(cell.asr);
  out.asr_exposed = Rated(cell.asr_exposed);
  out.task_success = Rated(cell.task_success);
  out.errors = cell.tally.errors();
  out.skipped = cell.tally.of(Outcome::kSkipped);
  out.trials = cell.tally.trials();
  return out;
}

std::string TextOrNothing(const RunDirectory& run, std::string_view name) {
  // A run may come from elsewhere: a link in it is not followed. Without these files there is still an export.
  return ReadOwnFile(run.File(name)).value_or(std::string());
}

Expected<Source> OpenSource(const ExportRequest& request) {
  TRY_ASSIGN(const auto path, FindRun(request.outdir, "", request.run));
  TRY_ASSIGN(auto run, RunDirectory::Open(RealDisk(), path));
  if (!run.sealed()) return UserError("is not finished; `xsweep run --resume` goes on with it", path.string());
  TRY_ASSIGN(Manifest manifest, run.ReadManifest());
  TRY_ASSIGN(const RunAggregate aggregate, AggregateRun(path.string()));
  TRY_ASSIGN(const GateReport gates, JudgeRun(run, manifest, aggregate));
  TRY(AdmitRun(aggregate, request.accept_invalid));
  ExportedRun exported;
  for (const CellAggregate& cell : aggregate.cells) {
    if (!request.cell.empty() && cell.id != request.cell) continue;
    TRY_ASSIGN(ExportedCell described, Describe(manifest, cell));
    exported.cells.push_back(std::move(described));
  }
  if (exported.cells.empty()) {
    std::vector<std::string> ids;
    ids.reserve(manifest.cells.size());
    for (const CellRecord& cell : manifest.cells) ids.push_back(cell.id);
    return UserError("unknown cell `" + Printable(request.cell) + "`" + DidYouMean(request.cell, ids, "there are"),
                     "--cell");
  }
  for (const GateResult& gate : gates.results)
    exported.gates.push_back({gate.gate.text, gate.cell, gate.verdict, gate.explanation});
  exported.headline = Headline(Story{manifest, aggregate, {}, {}, {}});
  exported.config = TextOrNothing(run, layout::kConfig);
  exported.report = TextOrNothing(run, layout::kReport);
  // Last, as the headline is made of it.
  exported.manifest = std::move(manifest);
  Source source{std::move(run), std::move(exported), std::nullopt};
  if (const auto kept = source.run.File(layout::kTranscripts); fs::exists(kept)) {
    TRY_ASSIGN(source.transcripts, TranscriptFile::Open(kept));
  }
  return source;
}

/// Rows and transcripts lie in one order, so one walk over both finds every pair.
Status ForEachTrial(const Source& source,
                    const std::function<Status(const ExportedCell&, const Trial&, const Transcript*)>& visit) {
  std::map<std::string_view, const ExportedCell*> cells;
  for (const ExportedCell& cell : source.exported.cells) cells.emplace(cell.record.id, &cell);
  const std::string rows = source.run.File(layout::kRows).string();
  std::size_t frame = 0;
  const std::size_t frames = source.transcripts ? source.transcripts->size() : 0;
  TRY_ASSIGN(const std::uint64_t end, ForEachLine(rows, [&](std::uint64_t, std::string_view line) -> Status {
               TRY_ASSIGN(const Trial row, ParseTrialRow(line, rows));
               const auto cell = cells.find(row.cell);
               if (cell == cells.end() || row.outcome == Outcome::kSkipped) return {};
               std::optional<Transcript> dialogue;
               // Frames before this row belong to rows that were passed over: of other cells, or skipped.
               while (frame < frames) {
                 TRY_ASSIGN(const std::uint64_t index, source.transcripts->IndexAt(frame));
                 if (index > row.index) break;
                 if (index == row.index) {
                   TRY_ASSIGN(const std::string text, source.transcripts->Line(frame));
                   TRY_ASSIGN(const Json json, Json::Parse(text, layout::kTranscripts));
                   const Json* transcript = json.Find("transcript");
                   if (transcript != nullptr) {
                     TRY_ASSIGN(dialogue, Transcript::FromJson(*transcript));
                   }
                 }
                 ++frame;
                 if (index == row.index) break;
               }
               return visit(*cell->second, row, dialogue ? &*dialogue : nullptr);
             }));
  (void)end;
  return {};
}

using Names = std::vector<std::string>;

Expected<Names> WriteEval(const Source& source, const ExportRequest& request) {
  // Cells may lie between each other in the rows of an import, so their logs are open together, a few at a time.
  constexpr std::size_t kTogether = 200;
  Names names;
  for (std::size_t begin = 0; begin < source.exported.cells.size(); begin += kTogether) {
    std::map<const ExportedCell*, InspectLog> logs;
    for (std::size_t i = begin; i < std::min(begin + kTogether, source.exported.cells.size()); ++i) {
      const ExportedCell& cell = source.exported.cells[i];
      TRY_ASSIGN(InspectLog log, InspectLog::Create(RealDisk(), request.out, source.exported, cell));
      logs.emplace(&cell, std::move(log));
    }
    TRY(ForEachTrial(source, [&](const ExportedCell& cell, const Trial& row, const Transcript* dialogue) -> Status {
      const auto log = logs.find(&cell);
      return log == logs.end() ? Status() : log->second.Add(row, dialogue);
    }));
    for (auto& [cell, log] : logs) {
      TRY_ASSIGN(std::string name, log.Finish());
      names.push_back(std::move(name));
    }
  }
  return names;
}

bool IsAddress(std::string_view out) { return out.starts_with("http://") || out.starts_with("https://"); }

Status MakeTraces(const Source& source, OtlpTraces::Take take) {
  OtlpTraces traces(source.exported, std::move(take));
  TRY(ForEachTrial(source, [&](const ExportedCell& cell, const Trial& row, const Transcript* dialogue) {
    return traces.Add(cell, row, dialogue);
  }));
  return traces.Finish();
}

Expected<Names> SendOtlp(const Source& source, const ExportRequest& request) {
  TRY_ASSIGN(auto headers, OtlpHeadersFromEnvironment());
  TRY_ASSIGN(const auto sender, OtlpSender::Create(request.out, std::move(headers)));
  TRY(MakeTraces(source, [&](const OtlpBatch& batch) { return sender->Send(batch); }));
  return Names{fmt::format("{}: took {} spans", sender->url(), sender->spans_sent())};
}

Expected<Names> WriteOtlp(const Source& source, const ExportRequest& request) {
  if (IsAddress(request.out)) return SendOtlp(source, request);
  TRY_ASSIGN(AtomicFile file, AtomicFile::Create(RealDisk(), fs::path(request.out) / "traces.jsonl"));
  TRY(MakeTraces(source, [&](const OtlpBatch& batch) { return file.Write(AsOtlpJson(batch) + "\n"); }));
  TRY(file.Commit());
  return Names{"traces.jsonl"};
}

Expected<Names> WriteCsv(const Source& source, const ExportRequest& request) {
  TRY_ASSIGN(AtomicFile file, AtomicFile::Create(RealDisk(), fs::path(request.out) / "trials.csv"));
  TRY(file.Write(TrialCsvHeader()));
  TRY(ForEachTrial(source, [&](const ExportedCell& cell, const Trial& row, const Transcript*) {
    return file.Write(TrialCsvLine(cell, row));
  }));
  TRY(file.Commit());
  return Names{"trials.csv"};
}

Expected<Names> WriteSarif(const Source& source, const ExportRequest& request) {
  const std::string uri =
      fmt::format("{}/{}/config.yaml", source.exported.manifest.exp, source.exported.manifest.run_id);
  TRY(WriteAtomically(RealDisk(), fs::path(request.out) / "gates.sarif", SarifOf(source.exported, uri)));
  return Names{"gates.sarif"};
}

Expected<Names> WriteJUnit(const Source& source, const ExportRequest& request) {
  const Undecided undecided = request.undecided_fails ? Undecided::kFailure : Undecided::kError;
  TRY(WriteAtomically(RealDisk(), fs::path(request.out) / "gates.xml", JUnitOf(source.exported, undecided)));
  return Names{"gates.xml"};
}

Expected<Names> SendMlflow(const Source& source, const ExportRequest& request) {
  MlflowServer server{.url = request.out, .token = {}};
  if (const char* token = std::getenv("MLFLOW_TRACKING_TOKEN"); token != nullptr && *token != '\0')
    server.token = Secret(token);
  std::vector<fs::path> artifacts;
  for (const std::string& name :
       {std::string(layout::kReport), std::string(layout::kNotes), std::string(layout::kSummary),
        layout::Log(layout::kSummaryPlot, ".png"), std::string(layout::kConfig), std::string(layout::kManifest)}) {
    if (fs::exists(source.run.File(name))) artifacts.push_back(source.run.File(name));
  }
  TRY_ASSIGN(std::string page, SendToMlflow(server, source.exported, artifacts));
  return Names{std::move(page)};
}

enum class Destination { kDirectory, kServer, kEither };

struct Exporter {
  std::string_view name;
  Expected<Names> (*write)(const Source& source, const ExportRequest& request);
  Destination destination = Destination::kDirectory;
};
constexpr Exporter kExporters[] = {{"eval", WriteEval},   {"otlp", WriteOtlp, Destination::kEither},
                                   {"sarif", WriteSarif}, {"mlflow", SendMlflow, Destination::kServer},
                                   {"junit", WriteJUnit}, {"csv", WriteCsv}};

std::string_view Wanted(Destination destination) {
  switch (destination) {
    case Destination::kDirectory: break;
    case Destination::kServer: return "needs the address of the tracking server, e.g. --out http://127.0.0.1:5000";
    case Destination::kEither:
      return "needs the directory to write to, or the receiver's address: --out DIR or --out URL";
  }
  return "needs the directory to write to: --out DIR";
}

}  // namespace

std::vector<std::string> ExportFormats() {
  std::vector<std::string> names;
  for (const Exporter& exporter : kExporters) names.emplace_back(exporter.name);
  return names;
}

Status ExportRun(const ExportRequest& request) {
  const auto exporter = std::ranges::find(kExporters, request.format, &Exporter::name);
  if (exporter == std::end(kExporters))
    return UserError("needs --format" + DidYouMean(request.format, ExportFormats(), "one of"), "export");
  const bool address = IsAddress(request.out);
  if (request.out.empty() || exporter->destination == (address ? Destination::kDirectory : Destination::kServer))
    return UserError(std::string(Wanted(exporter->destination)), "--out");
  TRY_ASSIGN(const Source source, OpenSource(request));
  // After the source was opened: a run that is not there leaves no empty directory behind.
  if (!address) TRY(MakeDirectories(RealDisk(), request.out));
  if (!source.transcripts && (request.format == "eval" || request.format == "otlp"))
    PrintNote("note: no transcripts were kept in this run, so there are no messages");
  TRY_ASSIGN(const Names names, exporter->write(source, request));
  for (const std::string& name : names) Print((address ? name : (fs::path(request.out) / name).string()) + "\n");
  return {};
}

}  // namespace xsweep
