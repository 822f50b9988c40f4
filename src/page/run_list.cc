// RunList: the runs of a results root as the page lists them.
// SPDX-License-Identifier: Apache-2.0
#include "page/run_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/files.h"
#include "record/index.h"
#include "record/logs/layout.h"
#include "record/run_directory.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
/// Last in every line of the list, wherever index.csv has it: published sites find their runs by it.
constexpr std::string_view kPathColumn = "path";

Json RowOf(const IndexEntry& entry, const std::string& path) {
  std::vector<Json> row;
  for (const std::string_view column : kIndexColumns) {
    if (column != kPathColumn) row.emplace_back(entry[column]);
  }
  row.emplace_back(path);
  return Json::MakeArray(std::move(row));
}

/// A line for a run that has none in the index yet.
IndexEntry EntryFrom(const Manifest& run) {
  IndexEntry entry;
  const auto count = [&](std::string_view name) {
    const auto found = run.counts.find(std::string(name));
    return found == run.counts.end() ? std::string("0") : std::to_string(found->second);
  };
  entry.values = {{"run_id", run.run_id},
                  {"exp", run.exp},
                  {"exp_id", run.exp_id},
                  {"timestamp_utc", run.timestamp_utc},
                  {"git_sha", run.git.sha},
                  {"mode", std::string(NameOf(run.mode))},
                  {"seeds", fmt::format("{}", fmt::join(run.seeds, " "))},
                  {"trials", std::to_string(run.trials)},
                  {"config_hash", run.config_hash},
                  {"errors", count("error")},
                  {"skipped", count("skipped")},
                  {"status", std::string(NameOf(run.status))},
                  {"verdict", std::string(NameOf(run.verdict))}};
  return entry;
}

}  // namespace

std::string PathForPage(const fs::path& run) {
  return run.parent_path().filename().string() + "/" + run.filename().string();
}

Expected<Manifest> ManifestOf(const fs::path& run) {
  TRY_ASSIGN(const RunDirectory directory, RunDirectory::Open(RealDisk(), run));
  return directory.ReadManifest();
}

Expected<Json> RunsForPage(const fs::path& results) {
  TRY_ASSIGN(const auto index, ReadIndex(results / layout::kIndex));
  Json columns = Json::MakeArray();
  for (const std::string_view column : kIndexColumns) {
    if (column != kPathColumn) columns.Append(column);
  }
  columns.Append(kPathColumn);
  std::vector<Json> rows;
  std::unordered_set<std::string> known;
  for (const IndexEntry& entry : index) {
    std::string path =
        entry["exp"] + "/" + fs::path(entry["path"].empty() ? entry["run_id"] : entry["path"]).filename().string();
    rows.push_back(RowOf(entry, path));
    known.insert(std::move(path));
  }
  for (const fs::path& run : AllRuns(results)) {
    std::string path = PathForPage(run);
    if (known.contains(path)) continue;
    if (const auto manifest = ManifestOf(run); manifest) rows.push_back(RowOf(EntryFrom(*manifest), path));
  }
  return Json::MakeObject({{"columns", std::move(columns)}, {"rows", Json::MakeArray(std::move(rows))}});
}

}  // namespace xsweep
