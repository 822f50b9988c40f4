// summary.png and summary.svg: a row of bars per cell.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/summary_plot.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/numbers.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostSeedBars = 4;
constexpr double kTextSize = 12, kSmallSize = 11;

/// Where things stand; heights shrink as cells grow many.
struct Layout {
  bool seed_bars = false;
  double bar = 16, seed_bar = 8, gap = 14;
  double row = 0;
  double label_right = 0, rate_left = 0, task_left = 0;
  ShareScale scale;
};

std::size_t MostSeeds(const RunAggregate& aggregate) {
  std::size_t most = 0;
  for (const CellAggregate& cell : aggregate.cells) most = std::max(most, cell.seeds.size());
  return most;
}

double HighestBound(const RunAggregate& aggregate, bool with_seeds) {
  double most = 0;
  const auto see = [&](const Rate& rate) {
    if (const auto bounds = rate.bounds95()) most = std::max(most, bounds->high);
  };
  for (const CellAggregate& cell : aggregate.cells) {
    see(cell.asr);
    for (const SeedAggregate& seed : cell.seeds) {
      if (with_seeds) see(seed.asr);
      most = std::max(most, seed.asr.value().value_or(0));
    }
  }
  return most;
}

Layout LayOut(const RunAggregate& aggregate) {
  Layout layout;
  const std::size_t seeds = MostSeeds(aggregate);
  const std::size_t cells = aggregate.cells.size();
  layout.seed_bars = seeds > 1 && seeds <= kMostSeedBars && cells <= 16;
  if (cells > 16) layout.bar = 12, layout.gap = 8;
  layout.row =
      layout.bar + layout.gap + (layout.seed_bars ? 2 + static_cast<double>(seeds) * (layout.seed_bar + 1) : 0);
  double widest = 60;
  const CellLabels labels(aggregate);
  for (const CellAggregate& cell : aggregate.cells) widest = std::max(widest, TextWidth(labels(cell), kTextSize));
  layout.label_right = kPageMargin + std::min(widest, 340.0);
  layout.task_left = kPageWidth - kPageMargin - 100;
  layout.rate_left = layout.task_left - 140;
  layout.scale = {layout.label_right + 12, layout.rate_left - 24, 0,
                  NiceHigh(HighestBound(aggregate, layout.seed_bars))};
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

void DrawSeeds(Canvas& canvas, const Layout& layout, const CellAggregate& cell, double bar_middle) {
  if (!layout.seed_bars) {
    for (const SeedAggregate& seed : cell.seeds) {
      const auto value = seed.asr.value();
      if (value && cell.seeds.size() > 1) {
        canvas.Circle({layout.scale.X(*value), bar_middle}, 2.8, colour::kOrange, colour::kInk);
      }
    }
    return;
  }
  double middle = bar_middle + layout.bar / 2 + 2 + layout.seed_bar / 2;
  for (std::size_t i = 0; i < cell.seeds.size(); ++i, middle += layout.seed_bar + 1) {
    DrawBar(canvas, layout.scale, cell.seeds[i].asr, middle, layout.seed_bar - 1, SeedColour(i));
  }
}

void DrawFigures(Canvas& canvas, const Layout& layout, const CellAggregate& cell, double y) {
  const bool attacked = cell.asr.n > 0;
  const std::string counts = attacked ? fmt::format("{}/{}", cell.asr.successes, cell.asr.n) : "";
  canvas.Text({layout.rate_left, y}, Percent(cell.asr.value()),
              {.size = kTextSize, .colour = attacked ? colour::kInk : colour::kGrey, .bold = attacked});
  canvas.Text({layout.task_left - 24, y}, counts,
              {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kEnd});
  canvas.Text({layout.task_left, y}, Percent(cell.task_success.value()), {.size = kTextSize});
}

/// Why a row has no bar.
std::string MissingWords(const CellAggregate& cell) {
  const Tally& tally = cell.tally;
  if (tally.of(Outcome::kBenign) > 0) return "no attack in this cell";
  if (tally.attacked() > 0) return fmt::format("none of {} trials saw the payload", tally.attacked());
  if (tally.trials() == 0) return "no trial was recorded";
  if (tally.ended() == 0) return "every trial was skipped";
  return "every trial ended in an error";
}

void DrawRow(Canvas& canvas, const Layout& layout, const std::string& label, const CellAggregate& cell, double top) {
  const double middle = top + layout.gap / 2 + layout.bar / 2;
  canvas.Text({layout.label_right, middle}, FitText(label, layout.label_right - kPageMargin, kTextSize),
              {.size = kTextSize, .anchor = Anchor::kEnd});
  if (cell.asr.n == 0) {
    canvas.Text({layout.scale.left + 8, middle}, "N/A: " + MissingWords(cell),
                {.size = kSmallSize, .colour = colour::kGrey});
  } else {
    DrawBar(canvas, layout.scale, cell.asr, middle, layout.bar, colour::kSky);
    DrawSeeds(canvas, layout, cell, middle);
  }
  DrawFigures(canvas, layout, cell, middle);
}

std::vector<LegendEntry> Legend(const RunAggregate& aggregate, const Layout& layout) {
  using Mark = LegendEntry::Mark;
  std::vector<LegendEntry> legend{{Mark::kBar, std::string(colour::kSky), "all seeds"}};
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
  for (const CellAggregate& cell : aggregate.cells) {
    rates.push_back(&cell.asr);
    for (const SeedAggregate& seed : cell.seeds) {
      if (layout.seed_bars) rates.push_back(&seed.asr);
    }
  }
  return rates;
}

/// Nobody was attacked, so task success is what there is to draw.
bool OnlyBenign(const RunAggregate& aggregate) {
  const auto assessed = [](const CellAggregate& cell) { return cell.task_success.n > 0; };
  return std::ranges::any_of(aggregate.cells, assessed) &&
         std::ranges::none_of(aggregate.cells, [](const CellAggregate& cell) { return cell.tally.attacked() > 0; });
}

RunAggregate LedByTaskSuccess(RunAggregate aggregate) {
  for (CellAggregate& cell : aggregate.cells) {
    cell.asr = cell.task_success;
    for (SeedAggregate& seed : cell.seeds) seed.asr = seed.task_success;
  }
  return aggregate;
}

}  // namespace

std::string RunSubtitle(const Manifest& manifest) {
  if (manifest.imported.is_object())
    return fmt::format("imported from {} · {}", manifest.imported.StringOr("source", "elsewhere"),
                       Count(static_cast<std::int64_t>(manifest.planned), "episode", "episodes"));
  const std::string commit = manifest.git.sha.empty() ? "no commit" : "commit " + manifest.git.sha.substr(0, 7);
  const std::size_t tasks = manifest.tasks.size();
  return fmt::format("{} · {} {} · {}{} per task and seed · {}{}", manifest.mode,
                     manifest.seeds.size() == 1 ? "seed" : "seeds", SeedWords(manifest.seeds),
                     tasks == 0 ? "" : Count(static_cast<std::int64_t>(tasks), "task", "tasks") + " · ",
                     Count(manifest.trials, "trial", "trials"), commit, manifest.git.dirty ? " (modified)" : "");
}

std::string DrawnCellsWords(const Manifest& manifest, std::size_t drawn) {
  if (drawn >= manifest.cells.size()) return {};
  return fmt::format(" Drawn are the first {} of {} cells; all are in summary.csv.", drawn, manifest.cells.size());
}

Canvas SummaryPlot(const Manifest& manifest, const RunAggregate& whole) {
  const bool benign = OnlyBenign(whole);
  const RunAggregate by_tasks = benign ? LedByTaskSuccess(whole) : RunAggregate();
  const RunAggregate& aggregate = benign ? by_tasks : whole;
  const std::string measure = benign ? "task success" : "attack success";
  const Layout layout = LayOut(aggregate);
  ChartWords words{manifest.exp + ": " + measure + " by cell", RunSubtitle(manifest), Legend(aggregate, layout), {}};
  words.captions = {WhiskerWords(ShownRates(aggregate, layout)) + " " + ErrorWords(aggregate.total) + "." +
                    DrawnCellsWords(manifest, aggregate.cells.size())};
  const double top = HeadingHeight(words) + 18;
  const double bottom = top + layout.row * static_cast<double>(std::max<std::size_t>(1, aggregate.cells.size()));
  Canvas canvas(kPageWidth, bottom + 48 + CaptionHeight(words), words.title);
  for (std::size_t i = 1; i < aggregate.cells.size(); i += 2) {
    const double row_top = top + layout.row * static_cast<double>(i);
    canvas.Rectangle({kPageMargin / 2, row_top, kPageWidth - kPageMargin / 2, row_top + layout.row}, colour::kPale);
  }
  DrawShareScale(canvas, layout.scale, top, bottom, measure + " rate");
  canvas.Text({layout.rate_left, top - 10}, measure, {.size = kSmallSize, .colour = colour::kGrey});
  canvas.Text({layout.task_left, top - 10}, "task success", {.size = kSmallSize, .colour = colour::kGrey});
  const CellLabels labels(aggregate);
  for (std::size_t i = 0; i < aggregate.cells.size(); ++i) {
    DrawRow(canvas, layout, labels(aggregate.cells[i]), aggregate.cells[i], top + layout.row * static_cast<double>(i));
  }
  if (aggregate.cells.empty()) canvas.Text({layout.scale.left + 8, (top + bottom) / 2}, "N/A: no rows");
  DrawWords(canvas, words, bottom + 44);
  return canvas;
}

}  // namespace xsweep
