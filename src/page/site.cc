// The site: many runs as plain files.
// SPDX-License-Identifier: Apache-2.0
#include "page/site.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/embedded.h"
#include "base/files.h"
#include "page/html_report.h"
#include "page/page_comparison.h"
#include "page/page_data.h"
#include "page/run_list.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
// What people want beside the page; rows and dialogues are in data/ already.
constexpr std::string_view kFiles[] = {
    layout::kManifest,  layout::kConfig,      layout::kSummary,     layout::kNotes, layout::kReport,
    "summary.png",      "summary.svg",        "heatmap.png",        "heatmap.svg",  "distribution.png",
    "distribution.svg", "attack_defense.png", "attack_defense.svg", "curves.png",   "curves.svg"};
constexpr std::string_view kLeftOut =
    "Left out when this run was published: it quotes what a model or a provider said.\n";

/// Not synced: a site that is half there after a power loss is made again.
Status WriteFile(const fs::path& file, std::string_view bytes) {
  TRY(MakeDirectories(RealDisk(), file.parent_path()));
  TRY_ASSIGN(const auto out, RealDisk().Open(file, OpenMode::kTruncate));
  return out->Write(bytes);
}

class RunWriter {
 public:
  RunWriter(const fs::path& results, const fs::path& run, const fs::path& site, const SiteOptions& options)
      : results_(results),
        run_(run),
        options_(options),
        path_(run.parent_path().filename().string() + "/" + run.filename().string()),
        data_(site / "data" / path_),
        files_(site / "files" / path_) {}

  Status Write(const std::unordered_set<std::string>& published) {
    TRY_ASSIGN(Json overview, RunForPage(results_, run_));
    TRY_ASSIGN(const PageRows rows, PageRows::Open(run_));
    TRY(WriteRows(rows));
    TRY_ASSIGN(const std::size_t dialogues, WriteDialogues(rows));
    if (dialogues < rows.transcripts()) SayWhatIsMissing(rows, dialogues, overview);
    const std::string previous(overview.Find("previous")->StringOr("path", ""));
    if (published.contains(previous)) TRY(WriteComparison(previous));
    const Json& outcomes = *overview.Find("total")->Find("outcomes");
    const bool quotes = options_.redact && outcomes.IntOr("error", 0) + outcomes.IntOr("skipped", 0) > 0;
    if (quotes) overview.Set("notes", Json());
    TRY_ASSIGN(Json files, CopyFiles(quotes));
    overview.Set("files", std::move(files));
    return WriteFile(data_ / layout::kManifest, overview.Dump());
  }

 private:
  Status WriteRows(const PageRows& rows) const {
    for (std::size_t chunk = 0; chunk < std::max<std::size_t>(1, rows.chunks()); ++chunk) {
      TRY_ASSIGN(const std::string json, rows.Chunk(chunk, {.messages = !options_.redact}));
      TRY(WriteFile(data_ / "trials" / fmt::format("{}.json", chunk), json));
    }
    return {};
  }

  /// In plan order, pack by pack, until the cap; returns how many were written.
  Expected<std::size_t> WriteDialogues(const PageRows& rows) const {
    std::size_t written = 0;
    while (written < rows.transcripts() && written < options_.transcripts) {
      TRY_ASSIGN(const std::uint64_t index, rows.transcript_file()->IndexAt(written));
      const std::uint64_t pack = index / kPackTrials;
      std::string json = "{\"transcripts\":{}}";
      if (!options_.redact) {
        TRY_ASSIGN(json, rows.Pack(pack));
      }
      TRY(WriteFile(data_ / "transcripts" / fmt::format("{}.json", pack), json));
      TRY_ASSIGN(written, rows.transcript_file()->LowerBound((pack + 1) * kPackTrials));
    }
    return options_.redact ? 0 : written;
  }

  void SayWhatIsMissing(const PageRows& rows, std::size_t dialogues, Json& overview) const {
    const std::string note =
        options_.redact
            ? "The dialogues of this run were left out on purpose when it was published."
            : fmt::format("The first {} of {} kept dialogues were published.", dialogues, rows.transcripts());
    overview.Set("transcripts", static_cast<std::int64_t>(dialogues));
    overview.Set("included",
                 Json::MakeObject(
                     {{"rows", rows.rows()}, {"transcripts", static_cast<std::int64_t>(dialogues)}, {"note", note}}));
  }

  Status WriteComparison(const std::string& previous) const {
    const auto comparison = ComparisonForPage(results_ / previous, run_);
    // Two runs that cannot be compared are no reason not to publish either.
    if (!comparison) return {};
    const fs::path data = data_.parent_path().parent_path();
    return WriteFile(data / previous / "compare" / (path_ + ".json"), comparison->Dump());
  }

  Expected<Json> CopyFiles(bool quotes) const {
    Json names = Json::MakeArray();
    for (const std::string_view name : kFiles) {
      std::error_code ignored;
      if (!fs::is_regular_file(fs::symlink_status(run_ / name, ignored))) continue;
      TRY_ASSIGN(std::string bytes, ReadOwnFile(run_ / name));
      if (quotes && name.ends_with(".md")) bytes = kLeftOut;
      TRY(WriteFile(files_ / name, bytes));
      names.Append(name);
    }
    return names;
  }

  const fs::path& results_;
  const fs::path& run_;
  const SiteOptions& options_;
  std::string path_;
  fs::path data_, files_;
};

Status WritePage(const fs::path& site) {
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    constexpr std::string_view kDist = "web/dist/";
    if (file.path.starts_with(kDist)) TRY(WriteFile(site / file.path.substr(kDist.size()), file.bytes));
  }
  return {};
}

}  // namespace

Status WriteSite(const fs::path& results, const std::vector<fs::path>& runs, const fs::path& site,
                 const SiteOptions& options, const std::function<void(std::size_t done)>& step) {
  if (!PageIsBuiltIn()) {
    return UserError("this xsweep was built without its page; tools/build_web.sh, then building again, adds it");
  }
  std::unordered_set<std::string> published;
  for (const fs::path& run : runs) {
    TRY(CheckOwnFiles(run));
    std::error_code ignored;
    if (!fs::exists(run / layout::kRows, ignored))
      return UserError("is not finished; resume it before publishing it", run.string());
    published.insert(run.parent_path().filename().string() + "/" + run.filename().string());
  }
  std::size_t done = 0;
  for (const fs::path& run : runs) {
    TRY(RunWriter(results, run, site, options).Write(published));
    step(++done);
  }
  TRY_ASSIGN(Json list, RunsForPage(results));
  std::erase_if(list.FindMutable("rows")->MutableItems(),
                [&](const Json& row) { return !published.contains(row.items().back().AsString()); });
  TRY(WriteFile(site / "data" / "runs.json", list.Dump()));
  return WritePage(site);
}

}  // namespace xsweep
