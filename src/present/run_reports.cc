// WriteRunReports: everything that people read about a run, written into its directory.
// SPDX-License-Identifier: Apache-2.0
#include "present/run_reports.h"

#include "present/gnuplot.h"
#include "present/notes.h"
#include "present/summary_plot.h"
#include "present/tables.h"

namespace xsweep {
namespace {

std::vector<Picture> PicturesOf(const Manifest& manifest, const RunAggregate& aggregate) {
  std::vector<Picture> pictures;
  pictures.push_back({"summary", SummaryPlot(manifest, aggregate)});
  return pictures;
}

/// Writes and remembers.
class Writer {
 public:
  explicit Writer(const RunDirectory& directory) : directory_(directory) {}
  Status Write(const std::string& name, std::string_view bytes) {
    TRY(directory_.Write(name, bytes));
    written.files.push_back(name);
    return {};
  }
  WrittenReports written;

 private:
  const RunDirectory& directory_;
};

Status WritePictures(const std::vector<Picture>& pictures, const std::string& gnuplot, Writer& writer) {
  for (const Picture& picture : pictures) TRY(writer.Write(picture.name + ".svg", picture.canvas.Svg()));
  const auto images = RenderPngs(pictures, gnuplot);
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
  Story story{manifest, aggregate, {}, options.gates_markdown};
  if (aggregate.total.errors() + aggregate.total.of(Outcome::kSkipped) > 0) {
    TRY_ASSIGN(story.failures, CountFailures(directory.File("trials.jsonl")));
  }
  TRY(writer.Write("summary.csv", SummaryCsv(manifest, aggregate)));
  if (options.plots) TRY(WritePictures(PicturesOf(manifest, aggregate), options.gnuplot, writer));
  TRY(writer.Write("notes.md", NotesMarkdown(story)));
  writer.written.headline = Headline(story);
  return std::move(writer.written);
}

}  // namespace xsweep
