// heatmap.png and .svg: a grid of coloured cells for every pair of axes.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/heatmap.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyze/numbers.h"
#include "base/escape.h"
#include "pictures/heat_panels.h"
#include "pictures/summary_plot.h"

namespace xsweep {
namespace {

constexpr double kTextSize = 12, kSmallSize = 10.5;
constexpr double kRowHeight = 38, kPanelGap = 26, kAxisRoom = 24;
constexpr double kNarrowest = 52;           ///< of a cell that still holds "66.7 %" and its counts
constexpr double kWideEnoughForHatch = 90;  ///< to be seen beside "0/304 saw it"
constexpr double kVerdictWidth = 124;       ///< of a column beside the matrix, which holds the name of an attack

/// White at 0 to a light vermilion at 1, on which dark letters can be read.
std::string Shade(double share) {
  constexpr std::array<double, 3> kMost{0xEE, 0x7B, 0x3A};
  const auto channel = [&](std::size_t i) { return static_cast<int>(std::lround(255 + (kMost[i] - 255) * share)); };
  return fmt::format("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2));
}

/// Where one panel stands.
struct PanelLayout {
  double left = 0;  ///< of the first cell
  double cell_width = 0;
  double label_height = 20;
  bool upward_labels = false;
  bool words = true;
  double verdicts_left = 0;  ///< of what stands right of the matrix
};

PanelLayout LayOut(const HeatPanel& panel, std::size_t verdicts) {
  PanelLayout layout;
  double widest = TextWidth(panel.row_axis, kTextSize);
  for (const std::string& row : panel.rows) widest = std::max(widest, TextWidth(CleanText(row), kTextSize));
  layout.left = kPageMargin + std::clamp(widest, 60.0, 240.0) + 12;
  const auto columns = static_cast<double>(panel.columns.size());
  const double room = kPageWidth - kPageMargin - layout.left - kVerdictWidth * static_cast<double>(verdicts);
  layout.cell_width = std::min(150.0, room / columns);
  layout.verdicts_left = layout.left + layout.cell_width * columns;
  layout.words = layout.cell_width >= kNarrowest;
  double label = 0;
  for (const std::string& column : panel.columns) label = std::max(label, TextWidth(CleanText(column), kTextSize));
  layout.upward_labels = label > layout.cell_width - 8;
  if (layout.upward_labels) layout.label_height = std::min(label, 150.0) + 10;
  return layout;
}

double PanelHeight(const HeatPanel& panel, const PanelLayout& layout) {
  return kAxisRoom + layout.label_height + kRowHeight * static_cast<double>(panel.rows.size());
}

Box CellBox(const PanelLayout& layout, double top, std::size_t row, std::size_t column) {
  const double left = layout.left + layout.cell_width * static_cast<double>(column);
  const double cell_top = top + kAxisRoom + layout.label_height + kRowHeight * static_cast<double>(row);
  return {left, cell_top, left + layout.cell_width, cell_top + kRowHeight};
}

void DrawEntry(Canvas& canvas, const PanelLayout& layout, const Box& box, const HeatPanel::Entry& entry) {
  const Box inside{box.left + 1, box.top + 1, box.right - 1, box.bottom - 1};
  const Point middle = box.center();
  const bool unseen = entry.asr.n == 0 && entry.unseen > 0;
  if (!entry.present || (entry.asr.n == 0 && !unseen)) {
    canvas.Rectangle(inside, colour::kPale);
    if (layout.words) {
      canvas.Text(middle, entry.present ? "N/A" : "–",
                  {.size = kTextSize, .colour = colour::kGrey, .anchor = Anchor::kMiddle});
    }
    return;
  }
  const double share = entry.asr.value().value_or(0);
  canvas.Rectangle(inside, unseen ? std::string(colour::kWhite) : Shade(share));
  if (unseen) canvas.Hatch(inside, "#c9d1d9");
  canvas.Frame(inside, colour::kRule);
  if (!layout.words) return;
  const TextStyle rate{.size = kTextSize, .anchor = Anchor::kMiddle, .bold = true};
  if (unseen && layout.cell_width < kWideEnoughForHatch) {
    canvas.Rectangle({middle.x - 17, middle.y - 9, middle.x + 17, middle.y + 9}, colour::kWhite);
    canvas.Text(middle, "N/A", rate);
    return;
  }
  if (unseen) canvas.Rectangle({middle.x - 34, middle.y - 15, middle.x + 34, middle.y + 16}, colour::kWhite);
  canvas.Text({middle.x, middle.y - 7}, unseen ? "N/A" : Percent(share), rate);
  canvas.Text(
      {middle.x, middle.y + 9},
      unseen ? fmt::format("0/{} saw it", entry.unseen) : fmt::format("{}/{}", entry.asr.successes, entry.asr.n),
      {.size = kSmallSize, .anchor = Anchor::kMiddle});
}

void DrawColumnLabels(Canvas& canvas, const HeatPanel& panel, const PanelLayout& layout, double top) {
  const double bottom = top + kAxisRoom + layout.label_height - 6;
  canvas.Text({layout.left, top + 8}, panel.column_axis, {.size = kSmallSize, .colour = colour::kGrey});
  canvas.Text({layout.left - 12, bottom - 6}, panel.row_axis,
              {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kEnd});
  // Where columns are narrower than a line of text is high, only some can have their name.
  const auto every = static_cast<std::size_t>(std::ceil(14 / layout.cell_width));
  for (std::size_t column = 0; column < panel.columns.size(); column += every) {
    const double x = CellBox(layout, top, 0, column).center().x;
    if (layout.upward_labels) {
      canvas.Text({x, bottom}, FitText(panel.columns[column], layout.label_height - 10, kTextSize),
                  {.size = kTextSize, .upward = true});
    } else {
      canvas.Text({x, bottom - 6}, panel.columns[column], {.size = kTextSize, .anchor = Anchor::kMiddle});
    }
  }
}

void DrawPanel(Canvas& canvas, const HeatPanel& panel, const PanelLayout& layout, double top) {
  DrawColumnLabels(canvas, panel, layout, top);
  for (std::size_t row = 0; row < panel.rows.size(); ++row) {
    const double y = CellBox(layout, top, row, 0).center().y;
    canvas.Text({layout.left - 12, y}, FitText(panel.rows[row], layout.left - 12 - kPageMargin, kTextSize),
                {.size = kTextSize, .anchor = Anchor::kEnd});
    for (std::size_t column = 0; column < panel.columns.size(); ++column) {
      DrawEntry(canvas, layout, CellBox(layout, top, row, column), panel.At(row, column));
    }
  }
}

ChartWords HeatWords(const Manifest& manifest, const RunAggregate& aggregate, const std::string& what) {
  using Mark = LegendEntry::Mark;
  ChartWords words{manifest.exp + what, RunSubtitle(manifest), {}, {}};
  for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0})
    words.legend.push_back({Mark::kBar, Shade(share), Percent(share)});
  words.legend.push_back({Mark::kHatch, "#8c959f", "payload never seen"});
  words.captions = {ErrorWords(aggregate.total) + "."};
  return words;
}

/// Beside the matrix: the worst attack of the row and the task success.
void DrawVerdicts(Canvas& canvas, const AttackDefense& matrix, const PanelLayout& layout, double top) {
  const HeatPanel& panel = matrix.panel;
  const double worst_x = layout.verdicts_left + kVerdictWidth / 2;
  const double utility_x = worst_x + kVerdictWidth;
  const auto draw = [&](double x, double y, const std::string& words, bool bold) {
    canvas.Text({x, y}, FitText(words, kVerdictWidth - 6, kSmallSize),
                {.size = bold ? kTextSize : kSmallSize, .anchor = Anchor::kMiddle, .bold = bold});
  };
  const double heading_y = top + kAxisRoom + layout.label_height - 12;
  draw(worst_x, heading_y, "worst attack", true);
  draw(utility_x, heading_y, "task success", true);
  for (std::size_t row = 0; row < panel.rows.size(); ++row) {
    const RowVerdict& verdict = matrix.verdicts[row];
    const double y = CellBox(layout, top, row, 0).center().y;
    draw(worst_x, y - 7, Percent(verdict.worst_rate), true);
    draw(worst_x, y + 9, verdict.worst_attack, false);
    draw(utility_x, y - 7, Percent(verdict.task_success), true);
    draw(utility_x, y + 9, verdict.utility_words, false);
  }
}

}  // namespace

std::optional<Canvas> HeatmapPlot(const Manifest& manifest, const RunAggregate& aggregate) {
  const std::vector<HeatPanel> panels = HeatPanels(aggregate);
  if (panels.empty()) return std::nullopt;
  ChartWords words = HeatWords(manifest, aggregate, ": attack success by pair of axes");
  if (std::ranges::any_of(panels, &HeatPanel::chosen)) {
    words.captions.emplace_back("Where the grid has more than two axes, a square shows the worst of its cells.");
  }
  double height = HeadingHeight(words) + 6;
  for (const HeatPanel& panel : panels) height += PanelHeight(panel, LayOut(panel, 0)) + kPanelGap;
  Canvas canvas(kPageWidth, height + CaptionHeight(words), words.title);
  double top = HeadingHeight(words) + 6;
  for (const HeatPanel& panel : panels) {
    const PanelLayout layout = LayOut(panel, 0);
    DrawPanel(canvas, panel, layout, top);
    top += PanelHeight(panel, layout) + kPanelGap;
  }
  DrawWords(canvas, words, top - 8);
  return canvas;
}

std::optional<Canvas> AttackDefensePlot(const Manifest& manifest, const RunAggregate& aggregate) {
  const auto matrix = MakeAttackDefense(aggregate);
  if (!matrix) return std::nullopt;
  const ChartWords words = HeatWords(manifest, aggregate, ": attacks against defenses");
  const PanelLayout layout = LayOut(matrix->panel, 2);
  const double top = HeadingHeight(words) + 6;
  const double bottom = top + PanelHeight(matrix->panel, layout) + kPanelGap;
  Canvas canvas(kPageWidth, bottom + CaptionHeight(words), words.title);
  DrawPanel(canvas, matrix->panel, layout, top);
  DrawVerdicts(canvas, *matrix, layout, top);
  DrawWords(canvas, words, bottom - 8);
  return canvas;
}

}  // namespace xsweep
