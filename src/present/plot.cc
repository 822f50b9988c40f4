// Plot: one picture of a run, or its table, as a file for a paper or a slide.
// SPDX-License-Identifier: Apache-2.0
#include "present/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/text.h"
#include "pictures/curves.h"
#include "pictures/distribution.h"
#include "pictures/gnuplot.h"
#include "pictures/heatmap.h"
#include "pictures/summary_plot.h"
#include "present/latex_table.h"

namespace xsweep {
namespace {

const std::vector<std::string> kFormats = {"png", "svg", "pdf", "tex"};
const std::vector<std::string> kPictures = {"summary", "attack_defense", "heatmap", "distribution", "curves"};

struct Unit {
  std::string_view name;
  double pixels;
};
constexpr Unit kUnits[] = {{"mm", 96 / 25.4}, {"cm", 96 / 2.54}, {"in", 96}, {"pt", 96.0 / 72}, {"px", 1}, {"", 1}};

Expected<Canvas> Draw(const std::string& what, const Manifest& manifest, const RunAggregate& aggregate,
                      const Page& page) {
  std::optional<Canvas> canvas;
  if (what == "summary") canvas = SummaryPlot(manifest, aggregate, page);
  if (what == "attack_defense") canvas = AttackDefensePlot(manifest, aggregate, page);
  if (what == "heatmap") canvas = HeatmapPlot(manifest, aggregate, page);
  if (what == "distribution") canvas = DistributionPlot(manifest, aggregate, page);
  if (what == "curves") canvas = CurvesPlot(manifest, aggregate, page);
  if (canvas) return std::move(*canvas);
  if (std::ranges::find(kPictures, what) == kPictures.end()) {
    std::vector<std::string> known = kPictures;
    known.emplace_back("table");
    return UserError(fmt::format("there is no picture `{}`{}; there are {}", Printable(what),
                                 DidYouMean(what, known, ""), Join(known, ", ")),
                     "--what");
  }
  return UserError(fmt::format("this run has nothing to show as {}: that takes {}", what,
                               what == "heatmap"          ? "two axes with two values each"
                               : what == "attack_defense" ? "two attacks or two defenses"
                               : what == "curves"         ? "two trials of each of two tasks, or attacks that try again"
                                                          : "two attacked tasks or seeds"),
                   "--what");
}

}  // namespace

Expected<PlotFormat> ParsePlotFormat(const std::string& text) {
  const auto found = std::ranges::find(kFormats, text);
  if (found != kFormats.end()) return static_cast<PlotFormat>(found - kFormats.begin());
  return UserError(fmt::format("there is no format `{}`{}; there are {}", Printable(text),
                               DidYouMean(text, kFormats, ""), Join(kFormats, ", ")),
                   "--format");
}

Expected<double> ParseWidth(const std::string& text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto* found = std::ranges::find(kUnits, unit, &Unit::name);
  if (code != std::errc() || found == std::end(kUnits) || !(number > 0 && number * found->pixels <= 10'000)) {
    return UserError(fmt::format("`{}` is no width; say e.g. 85mm, 3.3in, 240pt or 960px", Printable(text)), "--width");
  }
  return number * found->pixels;
}

Expected<std::string> PlotBytes(const PlotRequest& request, const Manifest& manifest, const RunAggregate& aggregate) {
  if (request.format == PlotFormat::kTex || request.what == "table") return LatexTable(manifest, aggregate);
  const bool pixels = request.width.empty() || request.width.ends_with("px") ||
                      request.width.find_first_not_of("0123456789.") == std::string::npos;
  TRY_ASSIGN(const double width, ParseWidth(request.width.empty() ? "960px" : request.width));
  CanvasStyle style{request.points / 9, pixels ? 1 : 300.0 / 96, request.font};
  const Page page{width / style.scale, request.headings};
  if (page.width < kNarrowestPage) {
    return UserError(fmt::format("letters of {:g} points leave no room in {}: it takes {:.0f} mm, or --font-size {:g}",
                                 request.points, request.width, kNarrowestPage * style.scale * 25.4 / 96,
                                 std::floor(20 * 9 * width / kNarrowestPage) / 20),
                     "--width");
  }
  TRY_ASSIGN(const Canvas canvas, Draw(request.what, manifest, aggregate, page));
  if (request.format == PlotFormat::kSvg) return canvas.Svg(style);
  const auto format = request.format == PlotFormat::kPdf ? PictureFormat::kPdf : PictureFormat::kPng;
  return RenderPicture({request.what, canvas}, format, style, request.gnuplot);
}

}  // namespace xsweep
