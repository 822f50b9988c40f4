// WriteRunReports: everything that people read about a run, written into its directory.
// SPDX-License-Identifier: Apache-2.0
#include "present/run_reports.h"
#include "present/doubts.h"

#include <future>
#include <optional>

#include "pictures/curves.h"
#include "pictures/distribution.h"
#include "pictures/gnuplot.h"
#include "pictures/heatmap.h"
#include "pictures/summary_plot.h"
#include "present/headline.h"
#include "present/notebook.h"
#include "present/notes.h"
#include "present/report.h"
#include "present/tables.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

/// Nobody reads more rows in a picture, and gnuplot takes minutes to draw them.
constexpr std::size_t kMostRowsDrawn = 200;

/// The same run with its first cells only; sums stay those of all.
RunAggregate FirstCells(const RunAggregate& aggregate) {
  RunAggregate first;
  first.total = aggregate.total;
  first.error_rate = aggregate.error_rate;
  first.cells.assign(aggregate.cells.begin(), aggregate.cells.begin() + kMostRowsDrawn);
  return first;
}

std::vector<Picture> PicturesOf(const Manifest& manifest, const RunAggregate& aggregate) {
  std::vector<Picture> pictures;
  const auto add = [&](std::string name, std::optional<Canvas> canvas) {
    if (canvas) pictures.push_back({std::move(name), std::move(*canvas)});
  };
  std::optional<RunAggregate> first;
  if (aggregate.cells.size() > kMostRowsDrawn) first = FirstCells(aggregate);
  const RunAggregate& by_row = first ? *first : aggregate;
  add("summary", SummaryPlot(manifest, by_row));
  add("heatmap", HeatmapPlot(manifest, aggregate));
  add("attack_defense", AttackDefensePlot(manifest, aggregate));
  add("distribution", DistributionPlot(manifest, by_row));
  add("curves", CurvesPlot(manifest, by_row));
  return pictures;
}

/// Writes and remembers.
class Writer {
 public:
  explicit Writer(const RunDirectory& directory) : directory_(directory) {}
  Status Write(std::string_view name, std::string_view bytes) {
    TRY(directory_.Write(name, bytes));
    written.files.emplace_back(name);
    return {};
  }
  WrittenReports written;

 private:
  const RunDirectory& directory_;
};

Status WritePngs(const std::vector<Picture>& pictures, const Expected<std::vector<std::string>>& images,
                 Writer& writer) {
  if (!images) {
    writer.written.warning = "no PNG pictures, only SVG: " + images.error().Text();
    return {};
  }
  for (std::size_t i = 0; i < pictures.size(); ++i) TRY(writer.Write(pictures[i].name + ".png", (*images)[i]));
  return {};
}

}  // namespace

Expected<WrittenReports> WriteRunReports(const RunDirectory& directory, const Manifest& manifest,
                                         const RunAggregate& aggregate, const PresentOptions& options) {
  Writer writer(directory);
  Story story{manifest, aggregate, {}, options.gates_markdown, options.adjustment, {}};
  if (aggregate.total.calls > 0 || aggregate.total.undecided > 0) {
    TRY_ASSIGN(story.replies, CountReplies(directory.File(layout::kRows)));
  }
  TRY_ASSIGN(story.calibration, ReadCalibration(directory.path().string()));
  story.checked = options.checked;
  if (aggregate.total.errors() + aggregate.total.of(Outcome::kSkipped) > 0) {
    TRY_ASSIGN(story.failures, CountFailures(directory.File(layout::kRows)));
  }
  story.doubts = Doubts(story);
  const std::vector<Picture> pictures = options.plots ? PicturesOf(manifest, aggregate) : std::vector<Picture>();
  // gnuplot takes longest to start; meanwhile the other files are written and synced.
  auto images = std::async(std::launch::async, [&] { return RenderPngs(pictures, options.gnuplot); });
  std::vector<std::string> shown;
  TRY(writer.Write(layout::kSummary, SummaryCsv(manifest, aggregate)));
  for (const Picture& picture : pictures) {
    TRY(writer.Write(picture.name + ".svg", picture.canvas.Svg()));
    shown.push_back(picture.name);
  }
  if (options.report) TRY(writer.Write(layout::kReport, ReportMarkdown(story, shown)));
  if (options.notebook) TRY(writer.Write(layout::kNotebook, NotebookJson(story)));
  TRY(writer.Write(layout::kNotes, NotesMarkdown(story)));
  TRY(WritePngs(pictures, images.get(), writer));
  writer.written.headline = Headline(story);
  writer.written.failures = std::move(story.failures);
  writer.written.about_replies = DescribeReplies(story.replies);
  return std::move(writer.written);
}

}  // namespace xsweep
