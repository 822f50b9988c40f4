// distribution.png and .svg: how the success rates of single tasks and single seeds are spread in each cell.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/distribution.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/numbers.h"
#include "pictures/density.h"
#include "pictures/summary_plot.h"

namespace xsweep {
namespace {

constexpr double kTextSize = 12, kSmallSize = 11;
constexpr std::size_t kMostPoints = 200;
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

Layout LayOut(const std::vector<const CellAggregate*>& cells, const CellLabels& labels) {
  Layout layout;
  if (cells.size() > 6) layout.row = 42;
  if (cells.size() > 16) layout.row = 28;
  double widest = 60;
  for (const CellAggregate* cell : cells) widest = std::max(widest, TextWidth(labels(*cell), kTextSize));
  layout.label_right = kPageMargin + std::min(widest, 350.0);
  const double left = layout.label_right + 20;
  layout.with_seeds = std::ranges::any_of(cells, [](const auto* cell) { return cell->seeds.size() > 1; });
  const double room = kPageWidth - kPageMargin - 16 - left;
  const double width = layout.with_seeds ? (room - 56) / 2 : room;
  layout.tasks = {left, left + width, 0, 1};
  layout.seeds = {left + width + 56, left + 2 * width + 56, 0, 1};
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
  DrawViolin(canvas, scale, rates, middle, half, fill, stroke);
  const double box = std::min(5.0, half / 3);
  DrawBox(canvas, scale, *quartiles, middle, box);
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

ChartWords Words(const Manifest& manifest, const RunAggregate& aggregate, bool with_seeds) {
  using Mark = LegendEntry::Mark;
  std::vector<LegendEntry> legend = {
      {Mark::kBar, std::string(kTaskFill), "density of task rates"},
      {Mark::kDot, std::string(colour::kBlue), with_seeds ? "one task, all seeds" : "one task"}};
  if (with_seeds) {
    legend.push_back({Mark::kBar, std::string(kSeedFill), "density of seed rates"});
    legend.push_back({Mark::kDot, std::string(colour::kOrange), "one seed, all tasks"});
  }
  return {manifest.exp + ": how attack success is spread",
          RunSubtitle(manifest),
          std::move(legend),
          {"Boxes reach from quartile to quartile, the thick line is the median, thin lines reach to the extremes. A "
           "single rate, or "
           "rates that are all equal, have no density. " +
           ErrorWords(aggregate.total) + "." + DrawnCellsWords(manifest, aggregate.cells.size())}};
}

}  // namespace

std::optional<Canvas> DistributionPlot(const Manifest& manifest, const RunAggregate& aggregate) {
  const auto cells = CellsToShow(aggregate);
  if (cells.empty()) return std::nullopt;
  const CellLabels labels(aggregate);
  const Layout layout = LayOut(cells, labels);
  const ChartWords words = Words(manifest, aggregate, layout.with_seeds);
  const double top = HeadingHeight(words) + 8;
  const double bottom = top + layout.row * static_cast<double>(cells.size());
  Canvas canvas(kPageWidth, bottom + 48 + CaptionHeight(words), words.title);
  for (std::size_t i = 1; i < cells.size(); i += 2) {
    const double row_top = top + layout.row * static_cast<double>(i);
    canvas.Rectangle({kPageMargin / 2, row_top, kPageWidth - kPageMargin / 2, row_top + layout.row}, colour::kPale);
  }
  DrawShareScale(canvas, layout.tasks, top, bottom, "attack success of single tasks");
  if (layout.with_seeds) DrawShareScale(canvas, layout.seeds, top, bottom, "attack success of single seeds");
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const CellAggregate& cell = *cells[i];
    const double middle = top + layout.row * (static_cast<double>(i) + 0.5);
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
