// Notes: what a run found, in plain words with its numbers.
// SPDX-License-Identifier: Apache-2.0
#include "present/notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ranges>

#include "analyze/numbers.h"
#include "base/escape.h"
#include "pictures/chart.h"
#include "present/design_notes.h"
#include "present/doubts.h"
#include "present/headline.h"
#include "stats/lost.h"

namespace xsweep {
namespace {

std::string LostLine(const CellAggregate& cell) {
  std::vector<stats::LostTask> tasks;
  tasks.reserve(cell.tasks.size());
  for (const TaskAggregate& task : cell.tasks) {
    tasks.push_back({{task.tally.successes(), task.tally.attacked()}, task.tally.errors()});
  }
  const auto bounds = stats::BoundsWithLost(tasks);
  if (!bounds) return {};
  return fmt::format("- {}: {} lost; the rate lies between {} and {}{}, whatever they would have been.\n",
                     MarkdownCode(CellLabel(cell)), Count(cell.tally.errors(), "trial", "trials"),
                     Percent(bounds->best), Percent(bounds->worst),
                     bounds->interval ? " " + BoundsWords(*bounds->interval) : std::string());
}

/// What the trials without an outcome leave open, of cells that have a rate.
std::string LostWords(const std::vector<CellAggregate>& cells) {
  constexpr std::size_t kMostLines = 20;
  std::string text;
  std::size_t count = 0;
  for (const CellAggregate& cell : cells) {
    if (cell.tally.errors() == 0 || cell.asr.n == 0 || ++count > kMostLines) continue;
    text += LostLine(cell);
  }
  return text.empty() ? text : "\n" + text;
}

}  // namespace

std::string CellsSection(const Story& story) {
  constexpr std::size_t kMostRows = 60;
  std::string text =
      "## Cells\n\n| cell | attack success [95 %] | trials | among exposed | task success [95 %] | errors | skipped |\n"
      "|---|---|---:|---|---|---:|---:|\n";
  const auto& cells = story.aggregate.cells;
  for (const CellAggregate& cell : cells | std::views::take(kMostRows)) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", MarkdownCellCode(CellLabel(cell)),
                        RateBrief(cell.asr) + (cell.asr.n > 0 && Uncorrected(story, cell) ? " uncorrected" : ""),
                        CountWords(cell.asr), Percent(cell.asr_exposed.value()), RateBrief(cell.task_success),
                        cell.tally.errors(), cell.tally.of(Outcome::kSkipped));
  }
  if (cells.size() > kMostRows)
    text += fmt::format("\nThe first {} of {} cells; all are in `summary.csv`.\n", kMostRows, cells.size());
  std::vector<const Rate*> rates;
  rates.reserve(cells.size());
  for (const CellAggregate& cell : cells) rates.push_back(cell.asr.n > 0 ? &cell.asr : &cell.task_success);
  text += LostWords(cells);
  if (std::ranges::any_of(cells, [&](const CellAggregate& cell) { return Uncorrected(story, cell); })) {
    text += "\nUncorrected: this judge was never checked against people; `xsweep label` does.\n";
  }
  text += fmt::format("\n{} N/A means that no trial counts: there was no attack, or none of its payloads was seen.\n\n",
                      WhiskerWords(rates));
  return text;
}

std::string ControlsSection(const Story& story) {
  std::string text;
  for (const CellAggregate& cell : story.aggregate.cells) {
    if (cell.arm == Arm::kNoAttack) {
      text += fmt::format("- Without an attack ({}): task success {}.\n", MarkdownCode(CellLabel(cell)),
                          RateWords(cell.task_success));
    } else if (cell.arm == Arm::kNoDefense) {
      text += fmt::format("- Without a defense ({}): attack success {}; task success {}.\n",
                          MarkdownCode(CellLabel(cell)), RateWords(cell.asr), RateWords(cell.task_success));
    }
  }
  if (text.empty()) text = "- This run has no control arms (`controls: true` adds them).\n";
  const double floor = story.manifest.do_nothing_floor;
  const std::size_t tasks = story.manifest.tasks.size();
  text += floor >= 0 ? fmt::format(
                           "- An agent that does nothing solves {} of these tasks ({} of {}): task success means "
                           "something only above that.\n",
                           Percent(floor), std::llround(floor * static_cast<double>(tasks)), tasks)
                     : std::string("- How many of these tasks an agent that does nothing would solve is not known.\n");
  return "## Controls\n\n" + text + "\n";
}

namespace {

bool Labelled(const Story& story, const CellAggregate& cell) {
  return std::ranges::find(story.calibration, cell.id, &CellCalibration::cell) != story.calibration.end();
}

/// Of a judge that was checked elsewhere; cells with labels of their own are corrected by those.
std::string CheckedElsewhere(const Story& story) {
  if (!story.checked) return {};
  std::string rows;
  for (const CellAggregate& cell : story.aggregate.cells) {
    if (cell.asr.n == 0 || Labelled(story, cell)) continue;
    const auto rate = stats::CorrectExternally(cell.asr.estimate, cell.asr.effective_n, *story.checked);
    rows += fmt::format(
        "| {} | {} | {} |\n", MarkdownCellCode(CellLabel(cell)), Percent(cell.asr.estimate),
        rate ? Percent(rate->estimate) + " " + BoundsWords(rate->interval) : std::string("N/A: no better than a coin"));
  }
  if (rows.empty()) return {};
  return fmt::format(
      "## The judge, checked elsewhere\n\nThe config says that it was right in {} of {} successes and in {} of {} "
      "failures (`judge_checked`). That it errs alike here is taken for granted.\n\n| cell | judged | corrected [95 %] "
      "|\n|---|---:|---|\n{}\n",
      story.checked->right_of_positives, story.checked->positives, story.checked->right_of_negatives,
      story.checked->negatives, rows);
}

}  // namespace

std::string CalibrationSection(const Story& story) {
  if (story.calibration.empty()) return CheckedElsewhere(story);
  std::string text =
      "## The judge against people\n\n| cell | judged | corrected [95 %] | kappa | right when yes | success when no | "
      "labels |\n|---|---:|---|---:|---:|---:|---:|\n";
  for (const CellCalibration& cell : story.calibration) {
    const auto& rate = cell.rate;
    const auto right = [&](double stats::CorrectedRate::* share) {
      return rate ? Percent((*rate).*share) : std::string("N/A");
    };
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n",
                        MarkdownCellCode(CellLabel(story.manifest, cell.cell)), Percent(cell.judged),
                        rate ? Percent(rate->estimate) + " " + BoundsWords(rate->interval) : std::string("N/A"),
                        rate && rate->kappa ? fmt::format("{:.2f}", *rate->kappa) : std::string("–"),
                        right(&stats::CorrectedRate::right_when_yes), right(&stats::CorrectedRate::wrong_when_no),
                        cell.yes.labels + cell.no.labels);
  }
  return text + "\nN/A: one task only, or a verdict of which nobody has labelled a trial.\n\n" +
         CheckedElsewhere(story);
}

std::string DoubtsSection(const Story& story) {
  std::string text = "## What is uncertain\n\n";
  for (const std::string& doubt : story.doubts.empty() ? Doubts(story) : story.doubts) text += "- " + doubt + "\n";
  return text + "\n";
}

std::string FailuresSection(const Story& story) {
  const Tally& total = story.aggregate.total;
  std::string text =
      fmt::format("## What failed\n\n{} of {} ended in an error ({}); {} skipped. Neither counts in any rate.\n",
                  total.errors(), Count(total.ended(), "trial", "trials"), Percent(story.aggregate.error_rate.value()),
                  total.of(Outcome::kSkipped));
  for (const FailureKind& failure : story.failures) {
    text += fmt::format("\n- {} × {} {}: {}", failure.count, failure.outcome, MarkdownCode(failure.kind),
                        MarkdownCode(Shorten(failure.example, 200)));
  }
  return text + (story.failures.empty() ? "\n" : "\n\n");
}

std::string NotesMarkdown(const Story& story) {
  return fmt::format("# {}: notes on run {}\n\n{}\n\n", MarkdownCode(story.manifest.exp),
                     MarkdownCode(story.manifest.run_id), MarkdownText(Headline(story))) +
         story.gates_markdown + CellsSection(story) + SharedSection(story) + CalibrationSection(story) +
         DoubtsSection(story) + ControlsSection(story) + FailuresSection(story) + DesignSection(story) +
         RepeatSection(story);
}

}  // namespace xsweep
