// curves.png and .svg: how success grows with trials and tries.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyze/curves.h"
#include "analyze/numbers.h"
#include "analyze/tries.h"
#include "pictures/summary_plot.h"

namespace xsweep {
namespace {

constexpr double kPlotHeight = 250, kScaleRoom = 46, kPanelGap = 26;
constexpr std::size_t kMostLines = 6;
constexpr std::array<Colour, kMostLines> kColours{colour::kVermilion, colour::kBlue,   colour::kGreen,
                                                  colour::kPurple,    colour::kOrange, colour::kBlack};

struct CurveLine {
  const CellAggregate* cell;
  std::vector<stats::CurvePoint> points;
};

struct CurvePanel {
  std::string title, axis;
  std::vector<CurveLine> lines;
};

CurvePanel WithinTrials(const RunAggregate& aggregate) {
  CurvePanel panel{"Attack success within k trials", "trials of a task, k (logarithmic)", {}};
  for (const CellAggregate& cell : aggregate.cells) {
    if (const auto curve = SuccessWithinTrials(cell)) panel.lines.push_back({&cell, curve->points});
  }
  return panel;
}

CurvePanel WithinTries(const RunAggregate& aggregate) {
  CurvePanel panel{"Attack success within k tries", "tries of the attacker (logarithmic)", {}};
  for (const CellAggregate& cell : aggregate.cells) {
    const auto curve = cell.asr.n == 0 ? std::nullopt : TriesToSuccess(cell);
    if (curve) panel.lines.push_back({&cell, curve->points});
  }
  return panel;
}

CurvePanel InARow(const RunAggregate& aggregate) {
  CurvePanel panel{"Task solved k times in a row (pass^k)", "trials of a task, k (logarithmic)", {}};
  for (const CellAggregate& cell : aggregate.cells) {
    CurveLine line{&cell, {}};
    for (const PassPowerK& power : cell.pass_k) line.points.push_back({power.k, power.value, 0, power.bounds95});
    if (line.points.size() > 1) panel.lines.push_back(std::move(line));
  }
  return panel;
}

/// The cells that have a line, those that fall furthest to attacks first, then those that solve most.
std::vector<const CellAggregate*> CellsOf(const std::vector<CurvePanel>& panels) {
  std::vector<const CellAggregate*> cells;
  for (const CurvePanel& panel : panels) {
    for (const CurveLine& line : panel.lines) {
      if (std::ranges::find(cells, line.cell) == cells.end()) cells.push_back(line.cell);
    }
  }
  std::ranges::stable_sort(cells, std::greater<>(), [](const CellAggregate* cell) {
    return std::pair(cell->asr.value().value_or(-1), cell->task_success.value().value_or(-1));
  });
  return cells;
}

/// Shares go up; the first step is at the left, and twice as many trials are always equally far apart.
struct CurveFrame {
  Box box;
  double high = 1;
  std::int64_t most = 2;
  double X(std::int64_t k) const {
    const double inset = 14;
    return box.left + inset +
           (box.width() - 2 * inset) * std::log(static_cast<double>(k)) / std::log(static_cast<double>(most));
  }
  double Y(double share) const { return box.bottom - share / high * box.height(); }
};

CurveFrame FrameOf(const CurvePanel& panel, const Box& box) {
  CurveFrame frame{box, 0, 2};
  for (const CurveLine& line : panel.lines) {
    for (const stats::CurvePoint& point : line.points) {
      frame.high = std::max({frame.high, point.value, point.interval ? point.interval->high : 0.0});
      frame.most = std::max(frame.most, point.k);
    }
  }
  frame.high = NiceHigh(frame.high);
  return frame;
}

void DrawFrame(Canvas& canvas, const CurvePanel& panel, const CurveFrame& frame) {
  canvas.Text({frame.box.left, frame.box.top - 14}, FitText(panel.title, frame.box.width(), kTextSize),
              {.size = kTextSize, .bold = true});
  for (int i = 0; i <= 5; ++i) {
    const double share = frame.high * i / 5;
    canvas.Line({frame.box.left, frame.Y(share)}, {frame.box.right, frame.Y(share)}, colour::kRule);
    canvas.Text({frame.box.left - 6, frame.Y(share)}, fmt::format("{:.0f} %", share * 100),
                {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kEnd});
  }
  double free_from = -1e9;
  for (const std::int64_t k : CurveSteps(frame.most)) {
    const double x = frame.X(k), half = TextWidth(std::to_string(k), kSmallSize) / 2 + 3;
    canvas.Line({x, frame.box.bottom}, {x, frame.box.bottom + 4}, colour::kGrey);
    if (x - half < free_from || (k != frame.most && x + 2 * half > frame.X(frame.most))) continue;
    free_from = x + half;
    canvas.Text({x, frame.box.bottom + 12}, std::to_string(k),
                {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kMiddle});
  }
  canvas.Text({frame.box.center().x, frame.box.bottom + 29}, FitText(panel.axis, frame.box.width(), kSmallSize),
              {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kMiddle});
}

/// Lines of several cells stand a little apart, so that whiskers do not lie over each other.
void DrawLine(Canvas& canvas, const CurveFrame& frame, const CurveLine& line, double offset, Colour stroke) {
  for (std::size_t i = 0; i < line.points.size(); ++i) {
    const stats::CurvePoint& point = line.points[i];
    const Point at{frame.X(point.k) + offset, frame.Y(point.value)};
    if (i > 0) {
      const stats::CurvePoint& before = line.points[i - 1];
      canvas.Line({frame.X(before.k) + offset, frame.Y(before.value)}, at, stroke, 1.8);
    }
    if (point.interval) {
      const double low = frame.Y(point.interval->low), high = frame.Y(point.interval->high);
      canvas.Line({at.x, low}, {at.x, high}, stroke, 1);
      for (const double y : {low, high}) canvas.Line({at.x - 2.5, y}, {at.x + 2.5, y}, stroke, 1);
    }
  }
  for (const stats::CurvePoint& point : line.points)
    canvas.Circle({frame.X(point.k) + offset, frame.Y(point.value)}, 3, stroke, colour::kWhite);
}

void DrawPanel(Canvas& canvas, const CurvePanel& panel, const std::vector<const CellAggregate*>& shown,
               const Box& box) {
  const CurveFrame frame = FrameOf(panel, box);
  DrawFrame(canvas, panel, frame);
  for (const CurveLine& line : panel.lines) {
    const auto found = std::ranges::find(shown, line.cell);
    if (found == shown.end()) continue;
    const auto place = static_cast<std::size_t>(found - shown.begin());
    const double offset = 3.5 * (static_cast<double>(place) - (static_cast<double>(shown.size()) - 1) / 2);
    DrawLine(canvas, frame, line, offset, kColours[place]);
  }
}

std::string Caption(const std::vector<CurvePanel>& panels, std::size_t cells, std::size_t shown) {
  std::string words = "Points are means over tasks; 95 % intervals hold for other tasks of this kind.";
  if (std::ranges::any_of(panels, [](const CurvePanel& panel) { return panel.axis.starts_with("tries"); })) {
    words += " Trials that an error cut off count up to their last try (Kaplan and Meier).";
  }
  if (shown < cells) {
    words +=
        fmt::format(" Drawn are the {} of {} cells in which attacks succeed most; all are in report.md.", shown, cells);
  }
  return words;
}

}  // namespace

std::optional<Canvas> CurvesPlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page) {
  std::vector<CurvePanel> panels{WithinTrials(aggregate), WithinTries(aggregate), InARow(aggregate)};
  std::erase_if(panels, [](const CurvePanel& panel) { return panel.lines.empty(); });
  if (panels.empty()) return std::nullopt;
  std::vector<const CellAggregate*> shown = CellsOf(panels);
  const std::size_t cells = shown.size();
  shown.resize(std::min(cells, kMostLines));
  const CellLabels labels(aggregate);
  ChartWords words{manifest.exp + ": success after more trials and tries", RunSubtitle(manifest), {}, {}, page};
  for (std::size_t i = 0; i < shown.size(); ++i) {
    words.legend.push_back({LegendEntry::Mark::kDot, std::string(kColours[i]),
                            FitText(labels(*shown[i]), page.width - 2 * kPageMargin - 40, kSmallSize)});
  }
  words.captions = {Caption(panels, cells, shown.size())};
  // Below a third of the usual page a panel has no room for its title: then they stand one below the other.
  const bool beside = page.width >= 300 * static_cast<double>(panels.size());
  const auto columns = beside ? static_cast<double>(panels.size()) : 1;
  const double width = (page.width - 2 * kPageMargin - (columns - 1) * kPanelGap) / columns - kScaleRoom;
  const double panel_height = 34 + kPlotHeight + 44;
  const double top = HeadingHeight(words);
  const double bottom = top + panel_height * (beside ? 1 : static_cast<double>(panels.size()));
  Canvas canvas(page.width, bottom + 12 + CaptionHeight(words), words.title);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const auto place = static_cast<double>(i);
    const double left = kPageMargin + kScaleRoom + (beside ? place * (width + kScaleRoom + kPanelGap) : 0);
    const double panel_top = top + 34 + (beside ? 0 : place * panel_height);
    DrawPanel(canvas, panels[i], shown, {left, panel_top, left + width, panel_top + kPlotHeight});
  }
  DrawWords(canvas, words, bottom + 8);
  return canvas;
}

}  // namespace xsweep
