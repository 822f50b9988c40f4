// JoinImports: several imported runs as one.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/foreign/join_imports.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "analyze/aggregate.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"
#include "plan/cell_id.h"
#include "record/logs/layout.h"
#include "record/logs/trial_log.h"
#include "record/run_directory.h"
#include "record/transcripts/transcript_file.h"
#include "record/transcripts/transcript_log.h"
#include "sweep/foreign/import_intervals.h"

namespace xsweep {
namespace {

struct Part {
  RunDirectory run;
  Manifest manifest;
  std::string source;  ///< name of what it was imported from, distinct among the parts
};

Expected<std::vector<Part>> OpenParts(const JoinRequest& request) {
  std::vector<Part> parts;
  std::set<std::string> names;
  for (const std::string& name : request.runs) {
    TRY_ASSIGN(const auto path, FindRun(request.outdir, "", name));
    TRY_ASSIGN(auto run, RunDirectory::Open(RealDisk(), path));
    TRY_ASSIGN(Manifest manifest, run.ReadManifest());
    if (!manifest.imported.is_object() || !run.sealed())
      return UserError("is no finished import; only imported runs are joined", path.string());
    TRY_ASSIGN(const RunAggregate whole, AggregateRun(path.string()));
    TRY(RefuseDamaged(whole, "import it again, then join"));
    std::string source(manifest.imported.StringOr("source", manifest.run_id));
    while (!names.insert(source).second) source += "'";
    parts.push_back({std::move(run), std::move(manifest), std::move(source)});
  }
  return parts;
}

/// Whether the cells of all parts can stand beside each other by the axes that they have.
bool NeedsSourceAxis(const std::vector<Part>& parts) {
  std::set<std::string> ids;
  std::set<std::size_t> axes;
  for (const Part& part : parts) {
    for (const CellRecord& cell : part.manifest.cells) {
      axes.insert(cell.axes.size());
      if (!ids.insert(cell.id).second || cell.axes.empty()) return true;
    }
  }
  return axes.size() > 1;
}

CellRecord WithSource(CellRecord cell, const std::string& source) {
  cell.axes.emplace(cell.axes.begin(), "source", source);
  std::vector<std::pair<std::string, std::string>> labels;
  for (const auto& [path, value] : cell.axes) {
    const GridAxis axis{.path = path, .values = {value}};
    labels.emplace_back(path, ValueLabels(axis).front());
  }
  cell.id = CellId(labels);
  cell.hash = ShortHash(cell.id);
  return cell;
}

Status AddPart(const Part& part, bool with_source, ImportedRun& joined) {
  std::map<std::string, CellRecord> cells;
  for (const CellRecord& cell : part.manifest.cells)
    cells.emplace(cell.id, with_source ? WithSource(cell, part.source) : cell);
  std::map<std::uint64_t, std::uint64_t> places;
  const std::string rows = part.run.File(layout::kRows).string();
  TRY_ASSIGN(const std::uint64_t end, ForEachLine(rows, [&](std::uint64_t, std::string_view line) -> Status {
               TRY_ASSIGN(Trial row, ParseTrialRow(line, rows));
               const auto cell = cells.find(row.cell);
               if (cell == cells.end()) return UserError("has a row of no cell of its run.json", rows);
               const std::uint64_t before = row.index;
               const std::uint32_t trial = row.trial;
               row.seed = 0;  // of one seed each, and seeds of different files are not the same draws
               places[before] = joined.AddToCell(cell->second, std::move(row), trial);
               return {};
             }));
  (void)end;
  const auto kept = part.run.File(layout::kTranscripts);
  if (!std::filesystem::exists(kept)) return {};
  TRY_ASSIGN(const TranscriptFile transcripts, TranscriptFile::Open(kept));
  for (std::size_t i = 0; i < transcripts.size(); ++i) {
    TRY_ASSIGN(const std::string line, transcripts.Line(i));
    TRY_ASSIGN(const Json json, Json::Parse(line, kept.string()));
    const Json* transcript = json.Find("transcript");
    const auto place = places.find(static_cast<std::uint64_t>(json.IntOr("index", -1)));
    if (transcript == nullptr || place == places.end()) continue;
    AppendTranscriptRecord(place->second, 0, transcript->Dump(), joined.transcripts);
  }
  return {};
}

/// Notes and warnings of the parts, each with the name of its source.
void KeepWords(const Part& part, ImportedRun& joined) {
  for (const char* kind : {"notes", "warnings"}) {
    const Json* words = part.manifest.imported.Find(kind);
    if (words == nullptr || !words->is_array()) continue;
    for (const Json& word : words->items()) {
      if (!word.is_string()) continue;
      std::string text = part.source + ": " + word.AsString();
      std::string_view(kind) == "notes" ? joined.Note(std::move(text)) : joined.Warn(std::move(text));
    }
  }
}

/// The environment that all parts were replayed in, as the first one's config has it; a world of names where they
/// differ.
Expected<Json> EnvironmentOf(const std::vector<Part>& parts, const std::vector<std::string>& tasks) {
  const Manifest& first = parts.front().manifest;
  const bool same = std::ranges::all_of(parts, [&](const Part& part) {
    return part.manifest.environment_name == first.environment_name &&
           part.manifest.environment_data_sha256 == first.environment_data_sha256;
  });
  if (same && first.environment_name != "recorded") {
    TRY_ASSIGN(const Experiment opened, OpenExperiment(parts.front().run.File(layout::kConfig).string(), {}));
    const bool all_there = std::ranges::all_of(tasks, [&](const std::string& id) {
      return std::ranges::find(opened.environment->tasks(), id, &Task::id) != opened.environment->tasks().end();
    });
    Json environment = opened.config.environment.options;
    environment.Set("name", first.environment_name);
    if (all_there) return environment;
  }
  return Json::MakeObject({{"name", "recorded"}, {"ids", Json::MakeArray({tasks.begin(), tasks.end()})}});
}

/// The sources of all parts as one source.
struct JoinedSource {
  ForeignSource source;
  std::set<std::string> tasks;
  std::string hashes;
  Json list = Json::MakeArray();  ///< what is kept of each
};

void AddSource(const Part& part, JoinedSource& joined) {
  const Json& about = part.manifest.imported;
  if (about.StringOr("format", "") != joined.source.format) joined.source.format = "several";
  joined.source.files += static_cast<std::uint64_t>(std::max<std::int64_t>(1, about.IntOr("files", 1)));
  joined.tasks.insert(part.manifest.tasks.begin(), part.manifest.tasks.end());
  joined.hashes.append(about.StringOr("source_sha256", "")).append("\n");
  joined.list.Append(Json::MakeObject({{"run_id", part.manifest.run_id},
                                       {"source", part.source},
                                       {"model", about.StringOr("model", "")},
                                       {"source_sha256", about.StringOr("source_sha256", "")}}));
}

}  // namespace

Expected<int> JoinImports(const JoinRequest& request) {
  TRY_ASSIGN(const std::vector<Part> parts, OpenParts(request));
  if (parts.size() < 2) return UserError("needs at least two imported runs", "import join");
  const bool with_source = NeedsSourceAxis(parts);
  ImportedRun joined;
  JoinedSource from;
  from.source.format = parts.front().manifest.imported.StringOr("format", "");
  from.source.files = 0;
  for (const Part& part : parts) {
    TRY(AddPart(part, with_source, joined));
    KeepWords(part, joined);
    AddSource(part, from);
  }
  joined.KeepNumbers();
  joined.about.Set("joined", std::move(from.list));
  if (Json intervals = IntervalsByWhatIsShared(joined.cells(), joined.rows()); intervals.size() > 0)
    joined.about.Set("intervals", std::move(intervals));
  const std::vector<std::string> tasks(from.tasks.begin(), from.tasks.end());
  TRY_ASSIGN(Json environment, EnvironmentOf(parts, tasks));
  ImportRequest as_import;
  as_import.file = fmt::format("{} imports", parts.size());
  as_import.exp = request.exp;
  as_import.outdir = request.outdir;
  as_import.argv = request.argv;
  const std::string sha256 = Sha256(from.hashes);
  TRY_ASSIGN(const Experiment experiment,
             DescribeImport(as_import, from.source, std::move(environment), tasks, sha256));
  return joined.Finish(experiment, as_import, from.source, sha256);
}

}  // namespace xsweep
