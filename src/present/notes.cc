// Notes: what a run found, in plain words with its numbers.
// SPDX-License-Identifier: Apache-2.0
#include "present/notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <ranges>

#include "analyze/numbers.h"
#include "analyze/run_facts.h"
#include "base/escape.h"
#include "pictures/chart.h"
#include "present/doubts.h"
#include "record/ledger.h"
#include "stats/lost.h"

namespace xsweep {
namespace {

/// Whether a model judged the cell and nobody has checked it.
bool Uncorrected(const Story& story, const CellAggregate& cell) {
  const auto record = std::ranges::find(story.manifest.cells, cell.id, &CellRecord::id);
  if (record == story.manifest.cells.end() || !record->judge.starts_with("model") || story.checked) return false;
  return std::ranges::find(story.calibration, cell.id, &CellCalibration::cell) == story.calibration.end();
}

std::string LabelOf(const CellAggregate& cell) { return CleanText(CellLabel(cell)); }

/// "pass^4 51.2 %": of the most trials in a row that every task has.
std::string PassWords(const CellAggregate& cell) {
  if (cell.pass_k.size() < 2) return {};
  const PassPowerK& most = cell.pass_k.back();
  return fmt::format(", pass^{} {}{}", most.k, Percent(most.value),
                     most.bounds95 ? " " + BoundsWords(*most.bounds95) : std::string());
}

/// Of a run without an attack: the task success that leads it.
std::string BenignWords(const RunFacts& facts) {
  if (facts.benign == nullptr) return "no trial counts, neither under an attack nor without one (N/A)";
  const std::string where = facts.benign_cells > 1 ? fmt::format(" in {}, the lowest of {} cells without an attack",
                                                                 LabelOf(*facts.benign), facts.benign_cells)
                                                   : std::string();
  return fmt::format("task success {}{}{}; nothing was attacked", RateWords(facts.benign->task_success),
                     PassWords(*facts.benign), where);
}

/// Why an attacked cell has no rate.
std::string MissingRate(const CellAggregate& cell) {
  if (cell.tally.attacked() == 0) return "no attacked trial counts";
  return fmt::format("none of {} attacked trials saw the payload", cell.tally.attacked());
}

std::string WorstWords(const Story& story, const RunFacts& facts) {
  const CellAggregate& worst = *facts.worst;
  std::string where;
  if (facts.candidates > 1) {
    where = fmt::format(" in {}, the worst of {} {} cells", LabelOf(worst), facts.candidates,
                        facts.defended ? "defended" : "attacked");
    if (facts.without_rate > 0) where += fmt::format(" ({} of them without a rate)", facts.without_rate);
  } else if (facts.defended) {
    where = " in " + LabelOf(worst);
  }
  if (worst.asr.n == 0) {
    return fmt::format("{}{}, so there is no attack success rate (N/A)", MissingRate(worst), where);
  }
  return fmt::format("the attack succeeded in {} of the trials{}{}", RateWords(worst.asr), where,
                     Uncorrected(story, worst) ? " (uncorrected: this judge was never checked)" : "");
}

std::string ControlWords(const RunFacts& facts) {
  // Beside a cell without a rate the control's would be read as the run's.
  if (facts.control == nullptr || facts.worst->asr.n == 0) return {};
  return fmt::format("; control without the defense {}", RateBrief(facts.control->asr));
}

std::string UtilityWords(const RunFacts& facts) {
  if (facts.utility() == nullptr) return {};
  return fmt::format("; task success {} {}", RateBrief(facts.utility()->task_success),
                     facts.benign != nullptr ? "without an attack" : "under it");
}

std::string Distinct(const RunDesign& manifest, std::string CellRecord::* part) {
  std::vector<std::string> names;
  for (const CellRecord& cell : manifest.cells) {
    const std::string name = MarkdownCode(cell.*part);
    if (!(cell.*part).empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  if (names.size() > 8) names.resize(8), names.emplace_back("…");
  return names.empty() ? "–" : fmt::format("{}", fmt::join(names, ", "));
}

std::string BudgetWords(const Manifest& manifest) {
  const std::string_view stopped_by = manifest.budget.StringOr("stopped_by", "");
  if (stopped_by.empty()) return {};
  if (stopped_by == kStoppedByGates) {
    return "The run stopped as soon as its gates were decided; trials that were not needed are `skipped`.\n\n";
  }
  if (stopped_by == "max_error_rate") {
    return "The run stopped early because so many trials had failed that it was certain to end above its "
           "`max_error_rate`; trials that were not run are `skipped`.\n\n";
  }
  return fmt::format(
      "The run stopped early because its budget was used up ({}); trials that were not run are `skipped`.\n\n",
      MarkdownCode(stopped_by));
}

std::string ShellWord(std::string_view word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-./=:,+@%") == std::string_view::npos;
  if (plain) return std::string(word);
  std::string quoted = "'";
  for (const char c : CleanText(word)) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string CommandLine(const std::vector<std::string>& argv) {
  std::string line;
  for (const std::string& word : argv) line += (line.empty() ? "" : " ") + ShellWord(word);
  return line;
}

/// An indented block cannot be closed by anything in it.
std::string CodeBlock(std::string_view line) { return "    " + CleanText(line) + "\n"; }

std::string PriceWords(const Json& price) {
  if (!price.is_object()) return "its price is not known";
  return fmt::format("{:g} US dollars per million prompt tokens, {:g} per million completion tokens",
                     price.DoubleOr("input", 0), price.DoubleOr("output", 0));
}

/// What an imported run can say of its design: where it came from and what its reader noticed, nothing of seeds.
std::string ImportWords(const Manifest& manifest) {
  const Json& about = manifest.imported;
  std::string text =
      fmt::format("- Imported from {} ({}, {}), at most {} of a task in a cell.\n",
                  MarkdownCode(about.StringOr("source", "")), MarkdownCode(about.StringOr("format", "")),
                  Count(about.IntOr("files", 1), "file", "files"), Count(manifest.trials, "episode", "episodes"));
  if (const auto model = about.StringOr("model", ""); !model.empty())
    text += fmt::format("- Model of the agent: {}.\n", MarkdownCode(model));
  const Json* notes = about.Find("notes");
  for (const Json& note : notes != nullptr && notes->is_array() ? notes->items() : std::vector<Json>()) {
    if (note.is_string()) text += "- " + MarkdownText(note.AsString()) + "\n";
  }
  return text + fmt::format("- Run {}, imported {}, status {}.\n\n", MarkdownCode(manifest.run_id),
                            MarkdownCode(manifest.timestamp_utc), MarkdownCode(NameOf(manifest.status)));
}

}  // namespace

std::string Headline(const Story& story) {
  const RunAggregate& aggregate = story.aggregate;
  const std::string name = CleanText(story.manifest.exp);
  if (aggregate.total.trials() == 0) return name + ": no trial was recorded.";
  const RunFacts facts = FactsOf(aggregate);
  if (facts.worst == nullptr) return fmt::format("{}: {}.", name, BenignWords(facts));
  return fmt::format("{}: {}{}{}.", name, WorstWords(story, facts), ControlWords(facts), UtilityWords(facts));
}

/// Of cells that differ only in who judges.
std::string SharedWords(const Story& story) {
  const std::int64_t shared = story.aggregate.total.shared;
  if (shared == 0) return {};
  const auto judging =
      std::ranges::count_if(story.manifest.cells, [](const CellRecord& cell) { return !cell.dialogues_of.empty(); });
  return fmt::format(
      "- {} dialogues: {} only {} what others have held, so {} of the trials asked no agent again. What a dialogue "
      "took "
      "stands in the row of the trial that held it, and the same dialogue on both sides makes these cells exact "
      "pairs.\n",
      story.aggregate.total.trials() - shared, Count(judging, "cell", "cells"), judging == 1 ? "judges" : "judge",
      shared);
}

std::string DesignSection(const Story& story) {
  const Manifest& manifest = story.manifest;
  std::string text = "## Design\n\n";
  if (!manifest.description.empty()) text += MarkdownText(manifest.description) + "\n\n";
  text += fmt::format(
      "- {} of {}, {} of {}: {} planned, {} recorded.\n",
      Count(static_cast<std::int64_t>(story.aggregate.cells.size()), "cell", "cells"), MarkdownCode(manifest.exp),
      Count(static_cast<std::int64_t>(manifest.tasks.size()), "task", "tasks"), MarkdownCode(manifest.environment_name),
      Count(static_cast<std::int64_t>(manifest.planned), "trial", "trials"), story.aggregate.rows);
  if (manifest.imported.is_object()) return text + ImportWords(manifest);
  text += SharedWords(story);
  text += fmt::format("- Seeds {}; {} per cell, task and seed.\n", SeedWords(manifest.seeds),
                      Count(manifest.trials, "trial", "trials"));
  text += fmt::format("- Agent {}; attack {}; defense {}; judge {}.\n", Distinct(manifest, &CellRecord::agent),
                      Distinct(manifest, &CellRecord::attack), Distinct(manifest, &CellRecord::defense),
                      Distinct(manifest, &CellRecord::judge));
  for (const ModelRecord& model : manifest.models) {
    const std::string where = model.base_url.empty() ? std::string() : " at " + MarkdownCode(model.base_url);
    text += fmt::format("- Model of the {}: {} of {}{}; {}.\n", model.role, MarkdownCode(model.model),
                        MarkdownCode(model.provider), where, PriceWords(model.price));
  }
  text += manifest.mode == Mode::kShim
              ? "- SHIM: the agent is a simulator with known ground truth. It says whether the experiment works, "
                "not how any model behaves.\n"
              : fmt::format("- Mode {}.\n", MarkdownCode(NameOf(manifest.mode)));
  const std::string commit =
      manifest.git.sha.empty() ? "outside a repository" : "at commit " + MarkdownCode(manifest.git.sha);
  text += fmt::format("- Run {} {}{}, started {}, status {}.\n", MarkdownCode(manifest.run_id), commit,
                      manifest.git.dirty ? " with local changes" : "", MarkdownCode(manifest.timestamp_utc),
                      MarkdownCode(NameOf(manifest.status)));
  return text + "\n" + BudgetWords(manifest);
}

std::string SharedSection(const Story& story) {
  constexpr std::size_t kMostRows = 60;
  const Json* list = story.manifest.imported.Find("intervals");
  if (list == nullptr || !list->is_array() || list->size() == 0) return {};
  const auto bounds = [](const Json& row, std::string_view key) {
    const Json* found = row.Find(key);
    if (found == nullptr || !found->is_array() || found->size() != 2) return std::string("–");
    return fmt::format("{:.1f}–{:.1f}", 100 * found->items()[0].AsDouble(), 100 * found->items()[1].AsDouble());
  };
  std::string text =
      "## What cases share\n\nEvery case shares its user's task with some cases and its injection with others, so "
      "cases are "
      "worth less than their number. Attack success with 95 % intervals, in percent, taken over cases as if they were "
      "independent, by user's task, by injection, and by both at once; the last is the one to quote where other tasks "
      "and other injections are meant. The tables and pictures of this run use the one by task.\n\n"
      "| cell | attack success | cases | over cases | by task | by injection | by both | worth, cases |\n"
      "|---|---:|---:|---|---|---|---|---:|\n";
  for (const Json& row : list->items() | std::views::take(kMostRows)) {
    const double worth = row.DoubleOr("effective_n", 0);
    text += fmt::format("| {} | {:.1f} % | {} | {} | {} | {} | {} | {} |\n",
                        MarkdownCellCode(CellLabel(story.manifest, std::string(row.StringOr("cell", "")))),
                        100 * row.DoubleOr("rate", 0), row.IntOr("n", 0), bounds(row, "cases"), bounds(row, "by_task"),
                        bounds(row, "by_injection"), bounds(row, "by_both"),
                        worth > 0 ? fmt::format("{:.0f}", worth) : "–");
  }
  if (list->size() > kMostRows)
    text += fmt::format("\nThe first {} of {} cells; all are in `run.json`.\n", kMostRows, list->size());
  return text + "\n";
}

namespace {

std::string LostLine(const CellAggregate& cell) {
  std::vector<stats::LostTask> tasks;
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
  for (const std::string& doubt : Doubts(story)) text += "- " + doubt + "\n";
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

/// The results root as the command line that made the run names it.
std::string ResultsRoot(const std::vector<std::string>& argv) {
  constexpr std::string_view kJoined = "--outdir=";
  for (std::size_t i = 0; i < argv.size(); ++i) {
    if (argv[i] == "--outdir" && i + 1 < argv.size()) return argv[i + 1];
    if (argv[i].starts_with(kJoined)) return argv[i].substr(kJoined.size());
  }
  return "results";
}

std::string RepeatSection(const Story& story) {
  const Manifest& manifest = story.manifest;
  const std::string here =
      (std::filesystem::path(ResultsRoot(manifest.argv)) / manifest.exp / manifest.run_id).string();
  const bool imported = manifest.argv.size() > 1 && manifest.argv[1] == "import";
  std::string text = "## How to repeat it\n\n";
  if (imported) {
    text += "Its episodes ran elsewhere, so the config beside this file describes them and cannot run them again.\n";
  } else {
    text += "The resolved config beside this file is the whole experiment:\n\n" +
            CodeBlock("xsweep run " + ShellWord(here + "/config.yaml"));
  }
  if (!imported && !manifest.git.sha.empty()) {
    text += fmt::format("\nfrom commit {} with xsweep {}.", MarkdownCode(manifest.git.sha),
                        MarkdownCode(manifest.xsweep_version));
  }
  if (!manifest.argv.empty()) {
    text += imported || manifest.git.sha.empty() ? "\n" : " ";
    text += fmt::format("It was {} as\n\n", imported ? "imported" : "started") + CodeBlock(CommandLine(manifest.argv));
  }
  return text + "\nand its tables, plots and notes are rebuilt from the rows by\n\n" +
         CodeBlock("xsweep report " + ShellWord(here));
}

std::string NotesMarkdown(const Story& story) {
  return fmt::format("# {}: notes on run {}\n\n{}\n\n", MarkdownCode(story.manifest.exp),
                     MarkdownCode(story.manifest.run_id), MarkdownText(Headline(story))) +
         story.gates_markdown + CellsSection(story) + SharedSection(story) + CalibrationSection(story) +
         DoubtsSection(story) + ControlsSection(story) + FailuresSection(story) + DesignSection(story) +
         RepeatSection(story);
}

}  // namespace xsweep
