// history.png and .svg: attack success over the runs of an experiment, by commit.
// SPDX-License-Identifier: Apache-2.0
#include "pictures/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ranges>
#include <span>

#include "analyze/numbers.h"
#include "base/escape.h"
#include "pictures/chart.h"
#include "pictures/gnuplot.h"

namespace xsweep {
namespace {

constexpr double kPlotHeight = 260, kLabelHeight = 166;
constexpr std::size_t kMostRuns = 150;

std::optional<double> Number(const std::string& text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string Commit(const IndexEntry& run) { return run["git_sha"].empty() ? "no commit" : run["git_sha"].substr(0, 7); }

/// "abc1234 · 2026-01-02 03:04".
std::string RunLabel(const IndexEntry& run) {
  std::string time = run["timestamp_utc"].substr(0, 16);
  std::ranges::replace(time, 'T', ' ');
  return Commit(run) + " · " + time;
}

/// Shares go up the page, runs go right.
struct Frame {
  Box box;
  double high = 1;
  std::size_t runs = 1;
  double X(std::size_t run) const {
    return box.left + box.width() * (static_cast<double>(run) + 0.5) / static_cast<double>(runs);
  }
  double Y(double share) const { return box.bottom - share / high * box.height(); }
};

void DrawShares(Canvas& canvas, const Frame& frame) {
  for (int i = 0; i <= 5; ++i) {
    const double share = frame.high * i / 5;
    canvas.Line({frame.box.left, frame.Y(share)}, {frame.box.right, frame.Y(share)}, colour::kRule);
    canvas.Text({frame.box.left - 8, frame.Y(share)}, fmt::format("{:.0f} %", share * 100),
                {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kEnd});
  }
}

void DrawCommitBands(Canvas& canvas, const Frame& frame, std::span<const IndexEntry> runs) {
  bool shaded = false;
  for (std::size_t first = 0, last = 0; first < runs.size(); first = last, shaded = !shaded) {
    while (last < runs.size() && Commit(runs[last]) == Commit(runs[first])) ++last;
    const double half = frame.box.width() / static_cast<double>(frame.runs) / 2;
    if (shaded)
      canvas.Rectangle({frame.X(first) - half, frame.box.top, frame.X(last - 1) + half, frame.box.bottom},
                       colour::kPale);
  }
}

void DrawRun(Canvas& canvas, const Frame& frame, std::size_t place, const IndexEntry& run) {
  const double x = frame.X(place);
  const auto rate = Number(run["asr"]);
  if (!rate) {
    canvas.Text({x, frame.box.bottom - 8}, "N/A",
                {.size = kSmallSize, .colour = colour::kGrey, .anchor = Anchor::kMiddle});
    return;
  }
  const auto low = Number(run["asr_lower95"]);
  const auto high = Number(run["asr_upper95"]);
  if (low && high) {
    const double cap = std::min(4.0, frame.box.width() / static_cast<double>(frame.runs) / 3);
    canvas.Line({x, frame.Y(*low)}, {x, frame.Y(*high)}, colour::kBlue, 1.5);
    for (const double bound : {*low, *high})
      canvas.Line({x - cap, frame.Y(bound)}, {x + cap, frame.Y(bound)}, colour::kBlue, 1.5);
  }
  const bool failed = run["verdict"] == "FAIL" || run["verdict"] == "INVALID";
  canvas.Circle({x, frame.Y(*rate)}, 4, failed ? colour::kVermilion : colour::kBlue, colour::kWhite);
}

void DrawTrend(Canvas& canvas, const Frame& frame, std::span<const IndexEntry> runs) {
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const auto before = Number(runs[i - 1]["asr"]);
    const auto now = Number(runs[i]["asr"]);
    if (before && now) canvas.Line({frame.X(i - 1), frame.Y(*before)}, {frame.X(i), frame.Y(*now)}, "#b8d9ee");
  }
}

void DrawLabels(Canvas& canvas, const Frame& frame, std::span<const IndexEntry> runs) {
  const double spacing = frame.box.width() / static_cast<double>(frame.runs);
  const auto every = static_cast<std::size_t>(std::max(1.0, std::ceil(15 / spacing)));
  for (std::size_t i = 0; i < runs.size(); i += every) {
    canvas.Text({frame.X(i), frame.box.bottom + 8}, RunLabel(runs[i]),
                {.size = kSmallSize, .anchor = Anchor::kEnd, .upward = true});
  }
}

double Highest(std::span<const IndexEntry> runs) {
  double most = 0;
  for (const IndexEntry& run : runs) {
    most = std::max({most, Number(run["asr"]).value_or(0), Number(run["asr_upper95"]).value_or(0)});
  }
  return NiceHigh(most);
}

}  // namespace

std::optional<Canvas> HistoryPlot(const std::string& exp, const std::vector<IndexEntry>& all) {
  if (all.empty()) return std::nullopt;
  const std::span<const IndexEntry> runs = std::span(all).last(std::min(all.size(), kMostRuns));
  using Mark = LegendEntry::Mark;
  ChartWords words{exp + ": attack success over runs", Count(std::ssize(all), "run", "runs"), {}, {}};
  if (all.size() > kMostRuns) words.subtitle += fmt::format(", the last {} shown", kMostRuns);
  words.legend = {{Mark::kDot, std::string(colour::kBlue), "a run with its 95 % interval"},
                  {Mark::kDot, std::string(colour::kVermilion), "verdict FAIL or INVALID"},
                  {Mark::kBar, std::string(colour::kPale), "bands change with the commit"}};
  words.captions = {"Runs may differ in seeds, trials and config: xsweep compare says whether two of them differ."};
  const double top = HeadingHeight(words) + 8;
  const Frame frame{{kPageMargin + 50, top, Page().width - kPageMargin, top + kPlotHeight},
                    Highest(runs),
                    std::max<std::size_t>(runs.size(), 4)};
  const double bottom = frame.box.bottom + kLabelHeight + 16;
  Canvas canvas(Page().width, bottom + CaptionHeight(words), words.title);
  DrawCommitBands(canvas, frame, runs);
  DrawShares(canvas, frame);
  DrawTrend(canvas, frame, runs);
  for (std::size_t i = 0; i < runs.size(); ++i) DrawRun(canvas, frame, i, runs[i]);
  DrawLabels(canvas, frame, runs);
  DrawWords(canvas, words, bottom);
  return canvas;
}

std::string HistoryMarkdown(const std::string& exp, const std::vector<IndexEntry>& runs) {
  std::string text = fmt::format(
      "# {} over runs\n\n| started | commit | mode | attack success [95 %] | errors | status | verdict | run |\n"
      "|---|---|---|---|---:|---|---|---|\n",
      MarkdownCode(exp));
  for (const IndexEntry& run : runs | std::views::reverse) {
    const auto low = Number(run["asr_lower95"]);
    const auto high = Number(run["asr_upper95"]);
    const std::string bounds = low && high ? fmt::format(" [{:.1f}, {:.1f}]", *low * 100, *high * 100) : "";
    text += fmt::format("| {} | {} | {} | {}{} | {} | {} | {} | {} |\n", MarkdownCellCode(run["timestamp_utc"]),
                        MarkdownCellCode(Commit(run)), MarkdownCellCode(run["mode"]), Percent(Number(run["asr"])),
                        bounds, MarkdownCellCode(run["errors"]), MarkdownCellCode(run["status"]),
                        MarkdownCellCode(run["verdict"]), MarkdownCellCode(run["run_id"]));
  }
  return text;
}

Expected<std::string> WriteHistory(Disk& disk, const std::filesystem::path& directory, const std::string& exp,
                                   const std::vector<IndexEntry>& runs, const std::string& gnuplot) {
  auto canvas = HistoryPlot(exp, runs);
  if (!canvas) return std::string();
  TRY(WriteAtomically(disk, directory / "history.svg", canvas->Svg()));
  const auto images = RenderPngs({{"history", std::move(*canvas)}}, gnuplot);
  if (!images) return "no history.png, only SVG: " + images.error().Text();
  TRY(WriteAtomically(disk, directory / "history.png", images->front()));
  return std::string();
}

}  // namespace xsweep
