// DesignNotes: the sections that say what a run was, and how to repeat it.
// SPDX-License-Identifier: Apache-2.0
#include "present/design_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <vector>

#include "analyze/numbers.h"
#include "base/escape.h"
#include "pictures/chart.h"
#include "record/logs/ledger.h"

namespace xsweep {
namespace {

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
  return fmt::format("The run stopped early at a limit of its budget ({}); trials that were not run are `skipped`.\n\n",
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

/// The results root as the command line that made the run names it.
std::string ResultsRoot(const std::vector<std::string>& argv) {
  constexpr std::string_view kJoined = "--outdir=";
  for (std::size_t i = 0; i < argv.size(); ++i) {
    if (argv[i] == "--outdir" && i + 1 < argv.size()) return argv[i + 1];
    if (argv[i].starts_with(kJoined)) return argv[i].substr(kJoined.size());
  }
  return "results";
}

}  // namespace

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

}  // namespace xsweep
