// distribution.png and .svg: how the success rates of single tasks and single seeds are spread in each cell.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analyze/numbers.h"
#include "pictures/density.h"
#include "pictures/summary_plot.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostPoints = 200;
constexpr double kBetweenPanels = 76;  // the last word of one scale and the first of the next stand apart
/// Fills of the violins: tints of blue and orange, light enough for points on top.
constexpr Colour kTaskFill = "#b8d9ee", kSeedFill = "#f6dfae";

struct Layout {
  double row = 56;
  double label_right = 0;
  bool with_seeds = true;  ///< the rate of a single seed is that of its cell, and no spread
  ShareScale tasks, seeds;
};

template <class Part>
std::vector<double> RatesOf(const std::vector<Part>& parts) {
  std::vector<double> rates;
  for (const Part& part : parts) {
    if (const auto value = part.asr.value()) rates.push_back(*value);
  }
  return rates;
}

/// A violin or a box of a handful of points, or of rates that can only be thirds, shows a shape that is not there.
bool HasShape(const std::vector<double>& rates) {
  constexpr std::size_t kFewPoints = 20, kCoarse = 7;
  if (rates.size() < kFewPoints) return false;
  return std::set<double>(rates.begin(), rates.end()).size() >= kCoarse;
}

Layout LayOut(const std::vector<const CellAggregate*>& cells, const CellLabels& labels, const Page& page) {
  Layout layout;
  if (cells.size() > 6) layout.row = 42;
  if (cells.size() > 16) layout.row = 28;
  double widest = 60;
  for (const CellAggregate* cell : cells) widest = std::max(widest, TextWidth(labels(*cell), kTextSize));
  layout.label_right = kPageMargin + LabelRoom(page, widest);
  const double left = layout.label_right + 20;
  layout.with_seeds = std::ranges::any_of(cells, [](const auto* cell) { return cell->seeds.size() > 1; });
  const double room = page.width - kPageMargin - 16 - left;
  const double width = layout.with_seeds ? (room - kBetweenPanels) / 2 : room;
  layout.tasks = {left, left + width, 0, 1};
  layout.seeds = {left + width + kBetweenPanels, left + 2 * width + kBetweenPanels, 0, 1};
  return layout;
}

void DrawViolin(Canvas& canvas, const ShareScale& scale, const std::vector<double>& rates, double middle, double half,
                Colour fill, Colour stroke) {
  const std::vector<DensityPoint> outline = DensityOf(rates);
  if (outline.empty()) return;
  std::vector<Point> shape;
  shape.reserve(2 * outline.size());
  for (const DensityPoint& point : outline) shape.push_back({scale.X(point.at), middle - point.density * half});
  for (auto point = outline.rbegin(); point != outline.rend(); ++point) {
    shape.push_back({scale.X(point->at), middle + point->density * half});
  }
  canvas.Polygon(std::move(shape), fill, stroke);
}

void DrawBox(Canvas& canvas, const ShareScale& scale, const Quartiles& quartiles, double middle, double half) {
  canvas.Line({scale.X(quartiles.least), middle}, {scale.X(quartiles.most), middle}, colour::kInk, 1);
  const Box box{scale.X(quartiles.low), middle - half, scale.X(quartiles.high), middle + half};
  if (box.width() > 0) {
    canvas.Rectangle(box, colour::kWhite);
    canvas.Frame(box, colour::kInk);
  }
}

void DrawMedian(Canvas& canvas, const ShareScale& scale, double median, double middle, double half) {
  canvas.Line({scale.X(median), middle - half - 2}, {scale.X(median), middle + half + 2}, colour::kInk, 2.5);
}

/// Equal rates fan out over the height, so that each can be seen; where they are too many for that, they make a bar.
void DrawPoints(Canvas& canvas, const ShareScale& scale, std::vector<double> rates, double middle, double half,
                Colour fill) {
  std::ranges::sort(rates);
  const std::size_t shown = std::min(rates.size(), kMostPoints);
  std::vector<double> chosen;
  chosen.reserve(shown);
  for (std::size_t i = 0; i < shown; ++i)
    chosen.push_back(rates[shown == 1 ? 0 : i * (rates.size() - 1) / (shown - 1)]);
  for (std::size_t first = 0, last = 0; first < chosen.size(); first = last) {
    while (last < chosen.size() && chosen[last] == chosen[first]) ++last;
    const auto equal = static_cast<double>(last - first);
    const double step = std::min(5.0, 2 * half / equal);
    const bool apart = step >= 3.5;  // closer, the rim of one would hide the one before
    for (std::size_t i = first; i < last; ++i) {
      const double offset = (static_cast<double>(i - first) - (equal - 1) / 2) * step;
      canvas.Circle({scale.X(chosen[i]), middle + offset}, apart ? 2.4 : 1.8, fill, apart ? colour::kWhite : fill);
    }
  }
}

void DrawSpread(Canvas& canvas, const ShareScale& scale, const Layout& layout, const std::vector<double>& rates,
                double middle, Colour fill, Colour stroke) {
  const auto quartiles = QuartilesOf(rates);
  if (!quartiles) {
    canvas.Text({scale.left + 6, middle}, "N/A", {.size = kSmallSize, .colour = colour::kGrey});
    return;
  }
  const double half = layout.row / 2 - 4;
  const double box = std::min(5.0, half / 3);
  if (HasShape(rates)) {
    DrawViolin(canvas, scale, rates, middle, half, fill, stroke);
    DrawBox(canvas, scale, *quartiles, middle, box);
  }
  DrawPoints(canvas, scale, rates, middle, half - 2, stroke);
  if (quartiles->least < quartiles->most) DrawMedian(canvas, scale, quartiles->median, middle, box);
}

std::vector<const CellAggregate*> CellsToShow(const RunAggregate& aggregate) {
  std::vector<const CellAggregate*> cells;
  for (const CellAggregate& cell : aggregate.cells) {
    if (cell.attacked()) cells.push_back(&cell);
  }
  const bool spread = std::ranges::any_of(cells, [](const CellAggregate* cell) {
    return RatesOf(cell->tasks).size() > 1 || RatesOf(cell->seeds).size() > 1;
  });
  return spread ? cells : std::vector<const CellAggregate*>{};
}

ChartWords Words(const Manifest& manifest, const RunAggregate& aggregate,
                 const std::vector<const CellAggregate*>& cells, bool with_seeds, const Page& page) {
  using Mark = LegendEntry::Mark;
  const bool tasks = std::ranges::any_of(cells, [](const auto* cell) { return HasShape(RatesOf(cell->tasks)); });
  const bool seeds = std::ranges::any_of(cells, [](const auto* cell) { return HasShape(RatesOf(cell->seeds)); });
  std::vector<LegendEntry> legend = {
      {Mark::kDot, std::string(colour::kBlue), with_seeds ? "one task, all seeds" : "one task"}};
  if (tasks) legend.push_back({Mark::kBar, std::string(kTaskFill), "density of task rates"});
  if (with_seeds) legend.push_back({Mark::kDot, std::string(colour::kOrange), "one seed, all tasks"});
  if (seeds) legend.push_back({Mark::kBar, std::string(kSeedFill), "density of seed rates"});
  std::string caption = "The thick line is the median, where rates differ. ";
  if (tasks || seeds) {
    caption +=
        "Boxes reach from quartile to quartile, thin lines to the extremes. Fewer than 20 points, and rates of few "
        "values, are dots alone. ";
  }
  caption += ErrorWords(aggregate.total) + "." + DrawnCellsWords(manifest, aggregate.cells.size());
  return {manifest.exp + ": how attack success is spread", RunSubtitle(manifest), std::move(legend), {caption}, page};
}

}  // namespace

std::optional<Canvas> DistributionPlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page) {
  const auto cells = CellsToShow(aggregate);
  if (cells.empty()) return std::nullopt;
  const CellLabels labels(aggregate);
  const Layout layout = LayOut(cells, labels, page);
  const ChartWords words = Words(manifest, aggregate, cells, layout.with_seeds, page);
  std::vector<double> tops{HeadingHeight(words) + 8};
  for (std::size_t i = 0; i < cells.size(); ++i) tops.push_back(tops.back() + layout.row);
  const double top = tops.front(), bottom = tops.back();
  Canvas canvas(page.width, bottom + 48 + CaptionHeight(words), words.title);
  DrawStripes(canvas, page, tops);
  DrawShareScale(canvas, layout.tasks, top, bottom, "attack success of single tasks");
  if (layout.with_seeds) DrawShareScale(canvas, layout.seeds, top, bottom, "attack success of single seeds");
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const CellAggregate& cell = *cells[i];
    const double middle = tops[i] + layout.row / 2;
    canvas.Text({layout.label_right, middle}, FitText(labels(cell), layout.label_right - kPageMargin, kTextSize),
                {.size = kTextSize, .anchor = Anchor::kEnd});
    DrawSpread(canvas, layout.tasks, layout, RatesOf(cell.tasks), middle, kTaskFill, colour::kBlue);
    if (layout.with_seeds)
      DrawSpread(canvas, layout.seeds, layout, RatesOf(cell.seeds), middle, kSeedFill, colour::kOrange);
  }
  DrawWords(canvas, words, bottom + 44);
  return canvas;
}

}  // namespace xsweep
