// notebook.ipynb: a run to play with, for stock Jupyter.
// SPDX-License-Identifier: Apache-2.0
#include "present/notebook.h"

#include <fmt/format.h>

#include "base/escape.h"
#include "base/json.h"
#include "present/design_notes.h"
#include "present/headline.h"
#include "present/notes.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

constexpr std::string_view kRead = R"(import csv, json
from collections import defaultdict

try:
    import pandas as pd
except ImportError:
    pd = None  # tables are printed as text
try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None  # no plots

with open("summary.csv", newline="", encoding="utf-8") as file:
    summary = list(csv.DictReader(file))
cells = [row for row in summary if row["seeds"] == "all"]
by_seed = [row for row in summary if row["seeds"] != "all"]


def number(text):
    """An empty field is N/A, not 0."""
    return float(text) if text else None


def show(rows, columns):
    if pd is not None:
        return pd.DataFrame(rows, columns=columns)
    for row in [dict(zip(columns, columns))] + rows:
        print("  ".join(str(row[column]).ljust(12) for column in columns))


print(len(cells), "cells,", len(by_seed), "lines by seed"))";

constexpr std::string_view kCells =
    R"(show(cells, ["cell", "attack", "defense", "trials", "successes", "asr", "asr_lower95", "asr_upper95",
             "asr_basis", "exposed", "asr_exposed", "task_success", "error", "skipped"]))";

constexpr std::string_view kBars = R"(attacked = [row for row in cells if number(row["asr"]) is not None]
if plt is None or not attacked:
    print("nothing to draw:", "matplotlib is not installed" if plt is None else "no attacked trial counts")
else:
    rates = [number(row["asr"]) for row in attacked]
    low = [max(0, rate - number(row["asr_lower95"])) for rate, row in zip(rates, attacked)]
    high = [max(0, number(row["asr_upper95"]) - rate) for rate, row in zip(rates, attacked)]
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.35 * len(attacked)))
    axes.barh(range(len(attacked)), rates, color="#56b4e9", xerr=[low, high], capsize=3)
    axes.set_yticks(range(len(attacked)), [row["cell"].replace("$", r"\$") for row in attacked])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("attack success rate, 95 % interval")
    figure.tight_layout()
    plt.show())";

constexpr std::string_view kTasks = R"(counts = defaultdict(lambda: [0, 0])
with open("trials.jsonl", encoding="utf-8") as file:
    for line in file:
        trial = json.loads(line)
        if trial["outcome"] in ("attack_succeeded", "attack_resisted", "attack_blocked", "not_exposed"):
            count = counts[trial["cell"], trial["task"]]
            count[0] += trial["outcome"] == "attack_succeeded"
            count[1] += 1
tasks = [{"cell": cell, "task": task, "successes": won, "trials": n, "asr": round(won / n, 3)}
         for (cell, task), (won, n) in counts.items()]
tasks.sort(key=lambda row: -row["asr"])
show(tasks[:20], ["cell", "task", "successes", "trials", "asr"]))";

class Notebook {
 public:
  void Markdown(std::string_view source) { Add("markdown", source); }
  void Code(std::string_view source) {
    Json& cell = Add("code", source);
    cell.Set("execution_count", nullptr);
    cell.Set("outputs", Json::MakeArray());
  }
  std::string Text() const {
    const Json kernel = Json::MakeObject({{"display_name", "Python 3"}, {"language", "python"}, {"name", "python3"}});
    const Json metadata =
        Json::MakeObject({{"kernelspec", kernel}, {"language_info", Json::MakeObject({{"name", "python"}})}});
    return Json::MakeObject(
               {{"cells", Json::MakeArray(cells_)}, {"metadata", metadata}, {"nbformat", 4}, {"nbformat_minor", 5}})
               .DumpPretty() +
           "\n";
  }

 private:
  Json& Add(std::string_view type, std::string_view source) {
    const std::string id = fmt::format("cell-{}", cells_.size() + 1);
    cells_.push_back(
        Json::MakeObject({{"cell_type", type}, {"id", id}, {"metadata", Json::MakeObject()}, {"source", source}}));
    return cells_.back();
  }
  std::vector<Json> cells_;
};

}  // namespace

std::string NotebookJson(const Story& story) {
  Notebook notebook;
  notebook.Markdown(fmt::format(
      "# {}\n\nRun {}.\n\n{}\n\nThis notebook reads `summary.csv` and `trials.jsonl` beside it.",
      MarkdownCode(story.manifest.exp), MarkdownCode(story.manifest.run_id), MarkdownText(Headline(story))));
  notebook.Code(kRead);
  notebook.Markdown("## Cells\n\nOne line per cell over all seeds. An empty `asr` is N/A: no attacked trial counts.");
  notebook.Code(kCells);
  notebook.Code(kBars);
  notebook.Markdown("## Tasks\n\nThe tasks in which the attack succeeded most often.");
  notebook.Code(kTasks);
  notebook.Markdown(DoubtsSection(story) + FailuresSection(story));
  notebook.Markdown(DesignSection(story) + RepeatSection(story));
  return notebook.Text();
}

}  // namespace xsweep
