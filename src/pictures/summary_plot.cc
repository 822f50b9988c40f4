// summary.png and summary.svg: a row of bars per cell.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/summary_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "analyze/numbers.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostSeedBars = 4;
constexpr double kPercentRoom = 56, kCountsRoom = 62, kPanelGap = 22;
constexpr double kBelowPanel = 48;  ///< for the scale of a panel
constexpr double kNarrowPage = 620;
/// A narrower graph than this shows nothing beside its figures.
constexpr double kWideEnoughForCounts = 130;
/// Tints of the colours that compare.png has for the same two.
constexpr Colour kAttackFill = "#eea47c", kTaskFill = "#8cc6ea";

enum class Measure : std::uint8_t { kAttack, kTask };

template <class Part>
const Rate& RateOf(const Part& part, Measure measure) {
  return measure == Measure::kAttack ? part.asr : part.task_success;
}

std::string_view Words(Measure measure) { return measure == Measure::kAttack ? "attack success" : "task success"; }

struct Panel {
  Measure measure = Measure::kAttack;
  ShareScale scale;
  double figures_left = 0;
  bool counts = true;
  double right = 0;
};

/// Heights of a row's parts.
struct RowSize {
  double bar = 14, gap = 12;
  double seeds = 0;  ///< of all bars of seeds
  double height() const { return bar + gap + seeds; }
};

/// Where things stand; heights shrink as cells grow many.
struct Layout {
  bool seed_bars = false;
  bool stacked = false;  ///< panels below each other, where the page is narrow
  double seed_bar = 8;
  double label_right = 0;
  std::vector<Panel> panels;
  std::vector<RowSize> rows;

  double height() const {
    double sum = rows.empty() ? 30 : 0;
    for (const RowSize& row : rows) sum += row.height();
    return sum;
  }
};

std::size_t MostSeeds(const RunAggregate& aggregate) {
  std::size_t most = 0;
  for (const CellAggregate& cell : aggregate.cells) most = std::max(most, cell.seeds.size());
  return most;
}

double HighestBound(const RunAggregate& aggregate, Measure measure, bool with_seeds) {
  double most = 0;
  const auto see = [&](const Rate& rate, bool bounds) {
    most = std::max(most, rate.value().value_or(0));
    if (bounds && rate.bounds95()) most = std::max(most, rate.bounds95()->high);
  };
  for (const CellAggregate& cell : aggregate.cells) {
    see(RateOf(cell, measure), true);
    for (const SeedAggregate& seed : cell.seeds) see(RateOf(seed, measure), with_seeds);
  }
  return most;
}

/// What there is to draw, attack success first.
std::vector<Measure> MeasuresOf(const RunAggregate& aggregate) {
  std::vector<Measure> measures;
  const auto attacked = [](const CellAggregate& cell) { return cell.tally.attacked() > 0; };
  const auto assessed = [](const CellAggregate& cell) { return cell.task_success.n > 0; };
  const bool any_task = std::ranges::any_of(aggregate.cells, assessed);
  if (std::ranges::any_of(aggregate.cells, attacked) || !any_task) measures.push_back(Measure::kAttack);
  if (any_task) measures.push_back(Measure::kTask);
  return measures;
}

/// Control arms are there to be compared with: they do not fill half of the picture.
RowSize SizeOf(const CellAggregate& cell, const Layout& layout, std::size_t cells) {
  const bool control = cell.arm != Arm::kGrid;
  if (control || cells > 16) return {9, 7};
  const auto seeds = static_cast<double>(cell.seeds.size());
  return {14, 12, layout.seed_bars && seeds > 1 ? 2 + seeds * (layout.seed_bar + 1) : 0};
}

void LayOutPanels(const RunAggregate& aggregate, const Page& page, Layout& layout) {
  const std::vector<Measure> measures = MeasuresOf(aggregate);
  layout.stacked = page.width < kNarrowPage;
  const double count = layout.stacked ? 1 : static_cast<double>(measures.size());
  const double left = layout.label_right + 14;
  const double width = (page.width - kPageMargin - left - (count - 1) * kPanelGap) / count;
  for (std::size_t i = 0; i < measures.size(); ++i) {
    Panel panel{measures[i], {}, 0, width - kPercentRoom - kCountsRoom - 22 >= kWideEnoughForCounts, 0};
    const double panel_left = left + (layout.stacked ? 0 : static_cast<double>(i) * (width + kPanelGap));
    panel.right = panel_left + width;
    panel.figures_left = panel.right - kPercentRoom - (panel.counts ? kCountsRoom : 0);
    panel.scale = {panel_left, panel.figures_left - 22, 0,
                   NiceHigh(HighestBound(aggregate, measures[i], layout.seed_bars))};
    layout.panels.push_back(panel);
  }
}

Layout LayOut(const RunAggregate& aggregate, const CellLabels& labels, const Page& page) {
  Layout layout;
  const std::size_t seeds = MostSeeds(aggregate);
  const std::size_t cells = aggregate.cells.size();
  layout.seed_bars = seeds > 1 && seeds <= kMostSeedBars && cells <= 16;
  for (const CellAggregate& cell : aggregate.cells) layout.rows.push_back(SizeOf(cell, layout, cells));
  double widest = 60;
  for (const CellAggregate& cell : aggregate.cells) widest = std::max(widest, TextWidth(labels(cell), kTextSize));
  layout.label_right = kPageMargin + LabelRoom(page, widest);
  LayOutPanels(aggregate, page, layout);
  return layout;
}

void DrawBar(Canvas& canvas, const ShareScale& scale, const Rate& rate, double middle, double height, Colour fill) {
  const auto value = rate.value();
  if (!value) return;
  canvas.Rectangle({scale.left, middle - height / 2, scale.X(*value), middle + height / 2}, fill);
  // A rate of 0 is a fact too: it has a place, not an empty row.
  canvas.Line({scale.X(*value), middle - height / 2}, {scale.X(*value), middle + height / 2}, colour::kInk);
  DrawWhisker(canvas, scale, *rate.bounds95(), middle, std::max(2.0, height / 4));
}

void DrawSeeds(Canvas& canvas, const Layout& layout, const RowSize& row, const Panel& panel, const CellAggregate& cell,
               double bar_middle) {
  if (cell.seeds.size() < 2) return;
  double middle = bar_middle + row.bar / 2 + 2 + layout.seed_bar / 2;
  for (std::size_t i = 0; i < cell.seeds.size(); ++i, middle += layout.seed_bar + 1) {
    const Rate& rate = RateOf(cell.seeds[i], panel.measure);
    if (row.seeds > 0) {
      DrawBar(canvas, panel.scale, rate, middle, layout.seed_bar - 1, SeedColour(i));
    } else if (rate.value()) {
      const Colour fill = layout.seed_bars ? SeedColour(i) : colour::kOrange;  // as the legend says
      canvas.Circle({panel.scale.X(*rate.value()), bar_middle}, 2.6, fill, colour::kInk);
    }
  }
}

void DrawFigures(Canvas& canvas, const Panel& panel, const Rate& rate, double y) {
  canvas.Text({panel.figures_left + kPercentRoom - 10, y}, Percent(rate.value()),
              {.size = kTextSize, .anchor = Anchor::kEnd, .bold = true});
  if (!panel.counts) return;
  canvas.Text({panel.right, y}, fmt::format("{}/{}", rate.successes, rate.n),
              {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kEnd});
}

/// Why a row has no bar.
std::string MissingWords(const CellAggregate& cell, Measure measure) {
  const Tally& tally = cell.tally;
  if (tally.trials() == 0) return "N/A: no trial was recorded";
  if (tally.ended() == 0) return "N/A: every trial was skipped";
  if (tally.errors() == tally.ended()) return "N/A: every trial ended in an error";
  if (measure == Measure::kTask) return "no task to solve";
  if (tally.attacked() > 0) return fmt::format("N/A: none of {} trials saw the payload", tally.attacked());
  return "not attacked";
}

void DrawRate(Canvas& canvas, const Layout& layout, const RowSize& row, const Panel& panel, const CellAggregate& cell,
              double middle) {
  const Rate& rate = RateOf(cell, panel.measure);
  if (rate.n == 0) {
    const std::string words = MissingWords(cell, panel.measure);
    canvas.Text({panel.scale.left + 6, middle}, FitText(words, panel.right - panel.scale.left - 6, kSmallSize),
                {.size = kSmallSize, .colour = colour::kGrey});
    return;
  }
  DrawBar(canvas, panel.scale, rate, middle, row.bar, panel.measure == Measure::kAttack ? kAttackFill : kTaskFill);
  DrawSeeds(canvas, layout, row, panel, cell, middle);
  DrawFigures(canvas, panel, rate, middle);
}

/// Some of the panels over the same rows, from `top` down; returns where they end.
double DrawPanels(Canvas& canvas, const Layout& layout, std::span<const Panel> panels, const RunAggregate& aggregate,
                  const CellLabels& labels, const Page& page, double top) {
  std::vector<double> tops{top};
  for (const RowSize& row : layout.rows) tops.push_back(tops.back() + row.height());
  const double bottom = top + layout.height();
  DrawStripes(canvas, page, tops);
  for (const Panel& panel : panels) DrawShareScale(canvas, panel.scale, top, bottom, std::string(Words(panel.measure)));
  for (std::size_t i = 0; i < aggregate.cells.size(); ++i) {
    const RowSize& row = layout.rows[i];
    const double middle = tops[i] + row.gap / 2 + row.bar / 2;
    canvas.Text({layout.label_right, middle},
                FitText(labels(aggregate.cells[i]), layout.label_right - kPageMargin, kTextSize),
                {.size = kTextSize, .anchor = Anchor::kEnd});
    for (const Panel& panel : panels) DrawRate(canvas, layout, row, panel, aggregate.cells[i], middle);
  }
  if (aggregate.cells.empty()) canvas.Text({panels[0].scale.left + 8, (top + bottom) / 2}, "N/A: no rows");
  return bottom + kBelowPanel;
}

std::vector<LegendEntry> Legend(const RunAggregate& aggregate, const Layout& layout) {
  using Mark = LegendEntry::Mark;
  std::vector<LegendEntry> legend;
  for (const Panel& panel : layout.panels) {
    const bool attack = panel.measure == Measure::kAttack;
    legend.push_back({Mark::kBar, std::string(attack ? kAttackFill : kTaskFill),
                      attack ? "attack success (less is better)" : "task success (more is better)"});
  }
  if (layout.seed_bars) {
    const auto widest =
        std::ranges::max_element(aggregate.cells, {}, [](const auto& cell) { return cell.seeds.size(); });
    for (std::size_t i = 0; i < widest->seeds.size(); ++i) {
      legend.push_back({Mark::kBar, std::string(SeedColour(i)), fmt::format("seed {}", widest->seeds[i].seed)});
    }
  } else if (MostSeeds(aggregate) > 1) {
    legend.push_back({Mark::kDot, std::string(colour::kOrange), "one seed"});
  }
  legend.push_back({Mark::kWhisker, std::string(colour::kInk), "95 % interval"});
  return legend;
}

std::vector<const Rate*> ShownRates(const RunAggregate& aggregate, const Layout& layout) {
  std::vector<const Rate*> rates;
  for (const Panel& panel : layout.panels) {
    for (const CellAggregate& cell : aggregate.cells) {
      rates.push_back(&RateOf(cell, panel.measure));
      for (const SeedAggregate& seed : cell.seeds) {
        if (layout.seed_bars) rates.push_back(&RateOf(seed, panel.measure));
      }
    }
  }
  return rates;
}

std::string Title(const Layout& layout) {
  std::string words;
  for (const Panel& panel : layout.panels)
    words += fmt::format("{}{}", words.empty() ? "" : " and ", Words(panel.measure));
  return words + " by cell";
}

}  // namespace

std::string RunSubtitle(const Manifest& manifest) {
  if (manifest.imported.is_object())
    return fmt::format("imported from {} · {}", manifest.imported.StringOr("source", "elsewhere"),
                       Count(static_cast<std::int64_t>(manifest.planned), "episode", "episodes"));
  const std::string commit = manifest.git.sha.empty() ? "no commit" : "commit " + manifest.git.sha.substr(0, 7);
  const std::size_t tasks = manifest.tasks.size();
  return fmt::format("{} · {} {} · {}{} per task and seed · {}{}", NameOf(manifest.mode),
                     manifest.seeds.size() == 1 ? "seed" : "seeds", SeedWords(manifest.seeds),
                     tasks == 0 ? "" : Count(static_cast<std::int64_t>(tasks), "task", "tasks") + " · ",
                     Count(manifest.trials, "trial", "trials"), commit, manifest.git.dirty ? " (modified)" : "");
}

std::string DrawnCellsWords(const Manifest& manifest, std::size_t drawn) {
  if (drawn >= manifest.cells.size()) return {};
  return fmt::format(" Drawn are the first {} of {} cells; all are in summary.csv.", drawn, manifest.cells.size());
}

Canvas SummaryPlot(const Manifest& manifest, const RunAggregate& aggregate, const Page& page) {
  const CellLabels labels(aggregate);
  const Layout layout = LayOut(aggregate, labels, page);
  ChartWords words{manifest.exp + ": " + Title(layout), RunSubtitle(manifest), Legend(aggregate, layout), {}, page};
  words.captions = {WhiskerWords(ShownRates(aggregate, layout)) + " " + ErrorWords(aggregate.total) + "." +
                    DrawnCellsWords(manifest, aggregate.cells.size())};
  const std::size_t stacks = layout.stacked ? layout.panels.size() : 1;
  double top = HeadingHeight(words) + 4;
  const double height = top + static_cast<double>(stacks) * (layout.height() + kBelowPanel);
  Canvas canvas(page.width, height + CaptionHeight(words), words.title);
  for (std::size_t i = 0; i < stacks; ++i) {
    const std::span<const Panel> panels =
        layout.stacked ? std::span(layout.panels).subspan(i, 1) : std::span(layout.panels);
    top = DrawPanels(canvas, layout, panels, aggregate, labels, page, top);
  }
  DrawWords(canvas, words, top - 4);
  return canvas;
}

}  // namespace xsweep
