// compare.png and .svg: paired differences with intervals, one row a cell.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/compare_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyze/numbers.h"
#include "base/escape.h"
#include "pictures/chart.h"

namespace xsweep {
namespace {

constexpr double kRow = 42, kTightRow = 32;

double Reach(const RunComparison& comparison) {
  double reach = 0;
  const auto see = [&](const Difference& d) {
    if (d.difference) reach = std::max(reach, std::abs(*d.difference));
    if (d.bounds95) reach = std::max({reach, std::abs(d.bounds95->low), std::abs(d.bounds95->high)});
  };
  for (const CellComparison& cell : comparison.cells) see(cell.asr), see(cell.task_success);
  return NiceHigh(reach);
}

bool Asked(const Difference& d) { return d.a.n + d.b.n > 0; }

void DrawDifference(Canvas& canvas, const ShareScale& scale, const Difference& d, double y, double words_left,
                    Colour fill) {
  if (!d.difference) {
    canvas.Text({words_left, y}, "N/A", {.size = kSmallSize, .colour = colour::kGrey});
    return;
  }
  if (d.bounds95) DrawWhisker(canvas, scale, *d.bounds95, y, 3.5, fill);
  canvas.Circle({scale.X(*d.difference), y}, 4, fill, colour::kWhite);
  const bool told = d.judgement == Judgement::kBetter || d.judgement == Judgement::kWorse;
  canvas.Text({words_left, y}, Points(*d.difference), {.size = kSmallSize});
  canvas.Text({words_left + 90, y}, JudgementWords(d.judgement),
              {.size = kSmallSize, .colour = told ? colour::kInk : colour::kGrey, .bold = told});
}

ChartWords Words(const RunComparison& comparison, const std::string& pairing) {
  using Mark = LegendEntry::Mark;
  ChartWords words{comparison.b.exp + ": B against A", "", {}, {}};
  words.subtitle = fmt::format("A {} · B {}", comparison.a.run_id, comparison.b.run_id);
  words.legend = {{Mark::kDot, std::string(colour::kVermilion), "attack success, left is better"},
                  {Mark::kDot, std::string(colour::kBlue), "task success, right is better"},
                  {Mark::kWhisker, std::string(colour::kInk), "95 % interval"}};
  words.captions = {pairing + fmt::format(" Better and worse: after adjustment over the cells ({}).",
                                          AdjustmentName(comparison.adjustment))};
  return words;
}

}  // namespace

std::optional<Canvas> ComparePlot(const RunComparison& comparison, const std::string& pairing) {
  const Page page;
  if (!comparison.comparable() || comparison.cells.empty()) return std::nullopt;
  const ChartWords words = Words(comparison, pairing);
  const std::size_t cells = comparison.cells.size();
  const double row = cells > 12 ? kTightRow : kRow;
  const CellLabels labels(comparison.a);
  double widest = 60;
  for (const CellComparison& cell : comparison.cells)
    widest = std::max(widest, TextWidth(labels(comparison.a, cell.cell), kTextSize));
  const double label_right = kPageMargin + LabelRoom(page, widest);
  const double words_left = page.width - kPageMargin - 200;
  const double reach = Reach(comparison);
  const ShareScale scale{label_right + 16, words_left - 24, -reach, reach};
  std::vector<double> tops{HeadingHeight(words) + 6};
  for (std::size_t i = 0; i < cells; ++i) tops.push_back(tops.back() + row);
  const double top = tops.front(), bottom = tops.back();
  Canvas canvas(page.width, bottom + 48 + CaptionHeight(words), words.title);
  DrawStripes(canvas, page, tops);
  DrawShareScale(canvas, scale, top, bottom, "B − A, percentage points", "");
  canvas.Line({scale.X(0), top}, {scale.X(0), bottom}, colour::kInk, 1.5, true);
  for (std::size_t i = 0; i < cells; ++i) {
    const CellComparison& cell = comparison.cells[i];
    const double middle = tops[i] + row / 2;
    canvas.Text({label_right, middle}, FitText(labels(comparison.a, cell.cell), label_right - kPageMargin, kTextSize),
                {.size = kTextSize, .anchor = Anchor::kEnd});
    // What neither run asks, such as attack success without an attack, takes no room.
    const bool asr = Asked(cell.asr), tasks = Asked(cell.task_success);
    const double apart = asr && tasks ? row / 4 - 1 : 0;
    if (asr) DrawDifference(canvas, scale, cell.asr, middle - apart, words_left, colour::kVermilion);
    if (tasks) DrawDifference(canvas, scale, cell.task_success, middle + apart, words_left, colour::kBlue);
  }
  DrawWords(canvas, words, bottom + 44);
  return canvas;
}

}  // namespace xsweep
