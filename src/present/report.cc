// report.md: the whole story of a run in one file.
// SPDX-License-Identifier: Apache-2.0
#include "present/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <vector>

#include "analyze/comparison/grid.h"
#include "analyze/curves.h"
#include "analyze/numbers.h"
#include "analyze/tries.h"
#include "base/escape.h"
#include "pictures/chart.h"
#include "pictures/heat_panels.h"
#include "present/comparison.h"
#include "present/design_notes.h"
#include "present/headline.h"
#include "present/notes.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostRows = 60;

std::string_view PictureWords(std::string_view name) {
  if (name == "summary") return "Attack success and task success by cell, with 95 % intervals";
  if (name == "heatmap") return "Attack success for every pair of axes";
  if (name == "attack_defense") return "Attacks against defenses";
  if (name == "curves") return "Success after more trials and tries";
  return "How success rates of tasks and seeds are spread";
}

std::string PictureLine(const std::vector<std::string>& pictures, std::string_view name) {
  for (const std::string& picture : pictures) {
    if (picture == name) return fmt::format("![{}]({}.png)\n\n", PictureWords(name), name);
  }
  return {};
}

std::string SeedsSection(const RunAggregate& aggregate) {
  std::string rows;
  std::size_t count = 0;
  for (const CellAggregate& cell : aggregate.cells) {
    for (const SeedAggregate& seed : cell.seeds) {
      if (cell.seeds.size() < 2 || seed.asr.n == 0 || ++count > kMostRows) continue;
      rows += fmt::format("| {} | {} | {} | {} | {} |\n", MarkdownCellCode(CellLabel(cell)), seed.seed,
                          RateBrief(seed.asr), CountWords(seed.asr), Percent(seed.task_success.value()));
    }
  }
  if (rows.empty()) return {};
  if (count > kMostRows) rows += fmt::format("\nThe first {} of {}; all are in `summary.csv`.\n", kMostRows, count);
  return "## Seeds\n\n| cell | seed | attack success [95 %] | trials | task success |\n|---|---:|---|---|---:|\n" +
         rows + "\n";
}

std::string OptionalNumber(std::optional<double> value) { return value ? fmt::format("{:.2f}", *value) : "–"; }

/// "43 %, 2 %, 0 %, 55 %"; a seed's share is shown from three seeds on.
std::string SharesWords(const CellAggregate& cell) {
  if (!cell.repeats.shares) return "–";
  const auto& shares = cell.repeats.shares->shares;
  const auto whole = [](double share) { return fmt::format("{:.0f} %", 100 * share); };
  return fmt::format("{}, {}, {}, {}", whole(shares[0]), cell.seeds.size() < 3 ? std::string("–") : whole(shares[1]),
                     whole(shares[2]), whole(shares[3]));
}

std::string RepeatsSection(const RunAggregate& aggregate) {
  std::string rows;
  for (const CellAggregate& cell : aggregate.cells | std::views::take(kMostRows)) {
    if (cell.pass_k.empty() && !cell.repeats.flip_rate) continue;
    std::string powers;
    for (const PassPowerK& power : cell.pass_k) {
      if (power.k == 1 || power.k == 2 || power.k == 4 || power.k == 8) {
        powers += fmt::format("{}pass^{} {}{}", powers.empty() ? "" : ", ", power.k, Percent(power.value),
                              power.bounds95 ? " " + BoundsWords(*power.bounds95) : std::string());
      }
    }
    rows +=
        fmt::format("| {} | {} | {} | {} | {} |\n", MarkdownCellCode(CellLabel(cell)), Percent(cell.repeats.flip_rate),
                    OptionalNumber(cell.repeats.icc), SharesWords(cell), powers.empty() ? "–" : powers);
  }
  if (rows.empty()) return {};
  return "## Repeated trials\n\n| cell | two trials of a task disagree (attack) | likeness within tasks, ICC | "
         "variance: "
         "task, seed, both, trial | task solved k times in a row [95 %] |\n|---|---:|---:|---|---|\n" +
         rows + "\n";
}

std::string CurveEntry(const stats::CurvePoint& point, std::int64_t tasks) {
  const std::string some = point.tasks_used < tasks ? fmt::format(", {} tasks", point.tasks_used) : std::string();
  return Percent(point.value) + (point.interval ? " " + BoundsWords(*point.interval) : std::string()) + some;
}

/// Success within k trials of a task, as far as every task goes, and what three times as many would do.
std::string CurveSection(const RunAggregate& aggregate) {
  std::string rows;
  std::size_t count = 0;
  for (const CellAggregate& cell : aggregate.cells) {
    const auto found = SuccessWithinTrials(cell);
    if (!found || ++count > kMostRows) continue;
    std::string curve;
    for (const stats::CurvePoint& point : found->points) {
      curve += fmt::format("{}@{} {}", curve.empty() ? "" : "; ", point.k, CurveEntry(point, point.tasks_used));
    }
    rows += fmt::format("| {} | {} | {} |\n", MarkdownCellCode(CellLabel(cell)), curve,
                        found->thrice ? fmt::format("@{} {} {}", 3 * found->trials, Percent(found->thrice->value),
                                                    BoundsWords(found->thrice->interval))
                                      : std::string("–"));
  }
  if (rows.empty()) return {};
  return "## Success within k trials of a task\n\n| cell | asr@k [95 %], other tasks of this kind | extrapolated "
         "|\n|---|---|---|\n" +
         rows +
         "\nExtrapolated: assumes task rates follow a beta distribution; – where too few tasks fall or resist, or the "
         "likelihood has no maximum. Never in a gate.\n\n";
}

/// Which of an attack's tries succeed; where one is cut off by an error, by Kaplan and Meier.
std::string TriesSection(const RunAggregate& aggregate) {
  std::string rows;
  for (const CellAggregate& cell : aggregate.cells | std::views::take(kMostRows)) {
    const auto curve = cell.asr.n == 0 ? std::nullopt : TriesToSuccess(cell);
    if (!curve) continue;
    std::string points;
    for (const stats::CurvePoint& point : curve->points) {
      points += fmt::format("{}{}: {}", points.empty() ? "" : "; ", point.k, CurveEntry(point, point.tasks_used));
    }
    rows += fmt::format(
        "| {} | {} | {} |\n", MarkdownCellCode(CellLabel(cell)), points,
        curve->half ? Count(*curve->half, "try", "tries") : fmt::format("not reached within {} tries", curve->budget));
  }
  if (rows.empty()) return {};
  return "## Tries to success\n\n| cell | attack success within so many tries of a trial [95 %], other tasks of this "
         "kind | half of the trials |\n|---|---|---|\n" +
         rows + "\n";
}

std::string EffortSection(const RunAggregate& aggregate) {
  const Tally& total = aggregate.total;
  const std::string unknown = total.unknown_cost > 0 ? fmt::format(" (and {} whose price is not known)",
                                                                   Count(total.unknown_cost, "trial", "trials"))
                                                     : "";
  const std::string cached =
      total.cached_tokens > 0 ? fmt::format(" ({} of them read from a server's cache)", total.cached_tokens) : "";
  return fmt::format(
      "## Effort\n\n{} turns, {} tool calls, {} model calls, {} prompt{} and {} completion tokens, {} USD{}.\n\n",
      total.turns - total.shared_turns, total.tool_calls - total.shared_tool_calls, total.calls, total.prompt_tokens,
      cached, total.completion_tokens, CsvDollars(total.cost_nano_usd), unknown);
}

}  // namespace

std::string ReportMarkdown(const Story& story, const std::vector<std::string>& pictures) {
  const RunAggregate& aggregate = story.aggregate;
  std::string text = fmt::format("# {}: report on run {}\n\n{}\n\n", MarkdownCode(story.manifest.exp),
                                 MarkdownCode(story.manifest.run_id), MarkdownText(Headline(story)));
  text += story.gates_markdown + PictureLine(pictures, "summary") + CellsSection(story) + SharedSection(story) +
          CalibrationSection(story) + DoubtsSection(story) + ControlsSection(story);
  text += PictureLine(pictures, "attack_defense") + AttackDefenseSection(aggregate) +
          ContrastSection(story.manifest, ContrastWithControls(aggregate, story.adjustment));
  text += PictureLine(pictures, "heatmap") + PictureLine(pictures, "distribution") + SeedsSection(aggregate) +
          RepeatsSection(aggregate) + PictureLine(pictures, "curves") + CurveSection(aggregate) +
          TriesSection(aggregate);
  return text + FailuresSection(story) + EffortSection(aggregate) + DesignSection(story) + RepeatSection(story);
}

}  // namespace xsweep
