// Comparison: two runs side by side as compare.csv and compare.md.
// SPDX-License-Identifier: Apache-2.0
#include "present/comparison.h"

#include "pictures/compare_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "analyze/numbers.h"
#include "base/escape.h"
#include "pictures/chart.h"
#include "pictures/gnuplot.h"
#include "record/index.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostListed = 50;
constexpr std::size_t kMostContrasts = 1000;

/// Significant digits: a p of 1e-9 is not 0.
std::string CsvPValue(std::optional<double> p) { return p ? fmt::format("{:.6g}", *p) : std::string(); }

std::string CsvLine(const RunComparison& comparison, const std::string& cell, const Difference& d) {
  const auto bound = [&](double stats::Interval::* side) {
    return CsvNumber(d.bounds95 ? std::optional(*d.bounds95.*side) : std::nullopt);
  };
  const std::vector<std::string> fields{CsvField(comparison.a.run_id),
                                        CsvField(comparison.b.run_id),
                                        CsvField(cell),
                                        std::string(MeasureName(d.measure)),
                                        std::to_string(d.a.successes),
                                        std::to_string(d.a.n),
                                        CsvNumber(d.a.value()),
                                        std::to_string(d.b.successes),
                                        std::to_string(d.b.n),
                                        CsvNumber(d.b.value()),
                                        std::string(PairingName(d.pairing)),
                                        std::to_string(d.pairs),
                                        std::to_string(d.tasks()),
                                        std::to_string(d.only_a),
                                        std::to_string(d.only_b),
                                        CsvNumber(d.difference),
                                        bound(&stats::Interval::low),
                                        bound(&stats::Interval::high),
                                        CsvPValue(d.sign_flip_p),
                                        CsvPValue(d.exact_p),
                                        CsvPValue(d.p),
                                        CsvPValue(d.adjusted_p),
                                        std::string(AdjustmentName(comparison.adjustment)),
                                        std::string(JudgementWords(d.judgement)),
                                        CsvNumber(d.detectable)};
  return fmt::format("{}\n", fmt::join(fields, ","));
}

std::string PValue(std::optional<double> p) {
  if (!p) return "–";
  if (*p == 0) return "< 1e-300";
  return *p < 0.001 ? fmt::format("{:.1e}", *p) : fmt::format("{:.3f}", *p);
}

std::string DifferenceBrief(const Difference& d) {
  if (!d.difference) return "N/A";
  if (!d.bounds95) return Points(*d.difference);
  return Points(*d.difference) + " " + SignedBoundsWords(*d.bounds95);
}

std::string DetectableWords(const Difference& d) {
  return d.detectable ? fmt::format("{:.0f}", *d.detectable * 100) : "–";
}

std::string DifferenceRow(std::string_view name, const Difference& d) {
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | **{}** |\n", MarkdownCellCode(name), Percent(d.a.value()),
                     Percent(d.b.value()), DifferenceBrief(d), PValue(d.p), PValue(d.adjusted_p), DetectableWords(d),
                     JudgementWords(d.judgement));
}

std::string CellTable(const RunComparison& comparison, std::string_view title, Difference CellComparison::* measure) {
  std::string text = fmt::format(
      "## {}\n\n| cell | A | B | B − A [95 %] | p | p ({}) | detectable, points | B is |\n"
      "|---|---:|---:|---|---:|---:|---:|---|\n",
      title, AdjustmentName(comparison.adjustment));
  for (const CellComparison& cell : comparison.cells)
    text += DifferenceRow(CellLabel(comparison.a, cell.cell), cell.*measure);
  const std::string pairing = PairingSentences(comparison, measure);
  return fmt::format(
      "{}\n{}{}Detectable: the difference that a sample of this size sees in four of five runs, simulated where "
      "nothing "
      "is distinguishable.\n\n",
      text, pairing, pairing.empty() ? "" : " ");
}

/// What people's labels make of it; where a model judged that nobody checked, that.
std::string CorrectedSection(const RunComparison& comparison) {
  const auto by_model = [](const CellRecord& cell) { return cell.judge.starts_with("model"); };
  if (comparison.corrected.empty()) {
    return std::ranges::any_of(comparison.b.cells, by_model)
               ? "Uncorrected: a model judged, and nobody has labelled trials of both runs (`xsweep label`).\n\n"
               : "";
  }
  std::string text =
      "## Attack success corrected by labels\n\n| cell | A | B | B − A as judged [95 %] | B − A corrected [95 %] "
      "|\n|---|---:|---:|---|---|\n";
  for (const CellCorrection& cell : comparison.corrected) {
    const auto judged = std::ranges::find(comparison.cells, cell.cell, &CellComparison::cell);
    text += fmt::format("| {} | {} | {} | {} | {} {} |\n", MarkdownCellCode(CellLabel(comparison.a, cell.cell)),
                        Percent(cell.a.estimate), Percent(cell.b.estimate),
                        judged == comparison.cells.end() ? "N/A" : DifferenceBrief(judged->asr),
                        Points(cell.difference.difference), SignedBoundsWords(cell.difference.interval));
  }
  return text + "\nOver the tasks that both runs have. Better and worse are said of the verdicts, not of these.\n\n";
}

std::string ObstacleList(const RunComparison& comparison) {
  if (comparison.obstacles.empty()) return {};
  std::string text = comparison.comparable() ? "## Mind this\n\n" : "## Why the runs cannot be compared\n\n";
  for (const Obstacle& obstacle : comparison.obstacles) text += "- " + MarkdownText(obstacle.message) + "\n";
  return text + "\n";
}

std::string Discordant(const RunComparison& comparison) {
  if (comparison.discordant_total == 0) return {};
  std::string text = fmt::format(
      "## Trials that came out differently\n\n{} on attack success.\n\n| cell | task | seed | trial | A | B |\n"
      "|---|---|---:|---:|---|---|\n",
      Count(comparison.discordant_total, "pair disagrees", "pairs disagree"));
  for (const DiscordantTrial& trial : comparison.discordant | std::views::take(kMostListed)) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", MarkdownCellCode(CellLabel(comparison.a, trial.cell)),
                        MarkdownCellCode(trial.task), trial.seed, trial.trial, NameOf(trial.a), NameOf(trial.b));
  }
  if (comparison.discordant_total > static_cast<std::int64_t>(kMostListed))
    text += fmt::format("\nThe first {} of them.\n", kMostListed);
  return text + "\n";
}

std::string Facts(const RunComparison& comparison) {
  if (comparison.facts.empty())
    return "## What differs between the runs\n\nNothing that the runs record: same config, commit and data.\n";
  std::string text = "## What differs between the runs\n\n| | A | B |\n|---|---|---|\n";
  for (const FactDifference& fact : comparison.facts | std::views::take(kMostListed)) {
    text += fmt::format("| {} | {} | {} |\n", MarkdownCellCode(fact.fact), MarkdownCellCode(Shorten(fact.a, 120)),
                        MarkdownCellCode(Shorten(fact.b, 120)));
  }
  if (comparison.facts.size() > kMostListed)
    text += fmt::format("\nThe first {} of {}.\n", kMostListed, comparison.facts.size());
  return text;
}

std::string OneSided(const RunComparison& comparison) {
  std::string text;
  const auto list = [&](std::string_view run, const std::vector<std::string>& cells) {
    if (cells.empty()) return;
    text += fmt::format("Only in {}:", run);
    for (const std::string& cell : cells | std::views::take(kMostListed)) text += " " + MarkdownCode(cell);
    text += cells.size() > kMostListed ? fmt::format(" and {} more.\n\n", cells.size() - kMostListed) : ".\n\n";
  };
  list("A", comparison.only_in_a);
  list("B", comparison.only_in_b);
  return text;
}

}  // namespace

std::string CompareCsv(const RunComparison& comparison) {
  std::string text =
      "run_a,run_b,cell,measure,a_successes,a_n,a_rate,b_successes,b_n,b_rate,pairing,pairs,tasks,only_a,only_b,"
      "difference,"
      "lower95,upper95,sign_flip_p,exact_p,p,adjusted_p,adjustment,judgement,detectable\n";
  for (const CellComparison& cell : comparison.cells) {
    text += CsvLine(comparison, cell.cell, cell.asr) + CsvLine(comparison, cell.cell, cell.task_success);
  }
  return text;
}

std::string PairingSentences(const RunComparison& comparison, Difference CellComparison::* measure) {
  std::vector<Pairing> seen;
  std::string text;
  for (const CellComparison& cell : comparison.cells) {
    const Pairing pairing = (cell.*measure).pairing;
    if (pairing == Pairing::kNone || std::ranges::find(seen, pairing) != seen.end()) continue;
    seen.push_back(pairing);
    std::string sentence(PairingWords(pairing));
    if (!sentence.empty() && sentence[0] >= 'a' && sentence[0] <= 'z')
      sentence[0] = static_cast<char>(sentence[0] - 'a' + 'A');
    text += (text.empty() ? "" : " ") + sentence + (sentence.ends_with('.') ? "" : ".");
  }
  return text;
}

namespace {

struct Judgements {
  std::int64_t better = 0, worse = 0, open = 0, none = 0;
  std::int64_t compared() const { return better + worse + open; }
};

Judgements CountJudgements(const RunComparison& comparison, Difference CellComparison::* measure) {
  Judgements out;
  for (const CellComparison& cell : comparison.cells) {
    switch ((cell.*measure).judgement) {
      case Judgement::kBetter: ++out.better; break;
      case Judgement::kWorse: ++out.worse; break;
      case Judgement::kNotDistinguishable: ++out.open; break;
      // A cell that asks nothing of the kind, such as attack success without an attack, is none of those.
      case Judgement::kNotComparable: out.none += (cell.*measure).a.n + (cell.*measure).b.n > 0 ? 1 : 0; break;
    }
  }
  return out;
}

std::string JudgementSentence(std::string_view measure, const Judgements& judged, std::string_view more,
                              std::string_view less) {
  return fmt::format("On {} B is {} in {}, {} in {} and not distinguishable in {} of {}{}.", measure, more,
                     judged.better, less, judged.worse, judged.open,
                     Count(judged.compared() + judged.none, "cell", "cells"),
                     judged.none > 0 ? fmt::format("; {} cannot be compared", judged.none) : "");
}

/// The difference itself where there is one cell to speak of.
std::string OnlyCell(const RunComparison& comparison, Difference CellComparison::* measure) {
  if (comparison.cells.size() != 1) return {};
  const Difference& d = comparison.cells[0].*measure;
  return d.difference
             ? fmt::format(" {} against {}: {}.", Percent(d.b.value()), Percent(d.a.value()), DifferenceBrief(d))
             : std::string();
}

}  // namespace

std::vector<std::string> CompareWarnings(const RunComparison& comparison) {
  std::vector<std::string> warnings;
  for (const Obstacle& obstacle : comparison.obstacles) {
    if (obstacle.kind == ObstacleKind::kRows || obstacle.kind == ObstacleKind::kErrors)
      warnings.push_back(obstacle.message);
  }
  return warnings;
}

std::string CompareHeadline(const RunComparison& comparison) {
  if (!comparison.comparable()) return "The two runs cannot be compared.";
  const Judgements asr = CountJudgements(comparison, &CellComparison::asr);
  const Judgements tasks = CountJudgements(comparison, &CellComparison::task_success);
  std::string text;
  if (!comparison.attacks_comparable()) {
    text = "The judge differs, so attack success is not compared.";
  } else if (asr.compared() > 0 && comparison.Find(ObstacleKind::kJudge) != nullptr) {
    text = "This compares judges over the same dialogues. " +
           JudgementSentence("attack success", asr, "lower", "higher") + OnlyCell(comparison, &CellComparison::asr);
  } else if (asr.compared() > 0 && comparison.Find(ObstacleKind::kAttack) != nullptr) {
    text = "This compares attacks: they differ. " + JudgementSentence("attack success", asr, "lower", "higher") +
           OnlyCell(comparison, &CellComparison::asr);
  } else if (asr.compared() > 0) {
    text = JudgementSentence("attack success", asr, "better", "worse") + OnlyCell(comparison, &CellComparison::asr);
  }
  if (tasks.compared() > 0 && (asr.compared() == 0 || text.empty())) {
    text += (text.empty() ? "" : " ") + JudgementSentence("task success", tasks, "better", "worse") +
            OnlyCell(comparison, &CellComparison::task_success);
  }
  return text.empty() ? "No cell of the two runs has trials that count on both sides." : text;
}

std::string CompareMarkdown(const RunComparison& comparison) {
  std::string text =
      fmt::format("# {} against {}\n\nA is {}, B is {}.\n\n", MarkdownCode(comparison.b.exp),
                  MarkdownCode(comparison.a.exp), MarkdownCode(comparison.a.run_id), MarkdownCode(comparison.b.run_id));
  for (const std::string& warning : CompareWarnings(comparison))
    text += fmt::format("**Warning: {}.**\n\n", MarkdownText(warning));
  text += CompareHeadline(comparison) + "\n\n";
  text += ObstacleList(comparison);
  if (CountJudgements(comparison, &CellComparison::asr).compared() > 0) {
    text += CellTable(comparison, "Attack success (less is better)", &CellComparison::asr);
  }
  text += CorrectedSection(comparison);
  if (CountJudgements(comparison, &CellComparison::task_success).compared() > 0) {
    text += CellTable(comparison, "Task success (more is better)", &CellComparison::task_success);
  }
  return text + OneSided(comparison) + Discordant(comparison) + Facts(comparison);
}

std::string ContrastSection(const RunDesign& manifest, const ContrastTable& table) {
  std::string text;
  const auto add = [&](std::string_view measure, Difference Contrast::* difference) {
    std::string rows;
    std::size_t count = 0;
    for (const Contrast& row : table.rows) {
      const Difference& d = row.*difference;
      if (d.a.n + d.b.n > 0 && ++count <= kMostContrasts) rows += DifferenceRow(CellLabel(manifest, row.cell), d);
    }
    if (rows.empty()) return;
    if (count > kMostContrasts) rows += fmt::format("\nThe first {} of {} cells.\n", kMostContrasts, count);
    text += fmt::format(
        "| cell | control | this cell | difference [95 %] | p | p ({}) | detectable, points | {} is |\n"
        "|---|---:|---:|---|---:|---:|---:|---|\n{}\n",
        AdjustmentName(table.adjustment), measure, rows);
  };
  add("attack success", &Contrast::asr);
  add("task success", &Contrast::task_success);
  if (text.empty()) return {};
  std::string controls;
  for (const std::string& control : table.controls | std::views::take(kMostListed))
    controls += (controls.empty() ? "" : ", ") + MarkdownCode(CellLabel(manifest, control));
  if (table.controls.size() > kMostListed) controls += fmt::format(" and {} more", table.controls.size() - kMostListed);
  return "## Cells against their control\n\n" + text + "Controls: " + controls + ".\n\n";
}

Expected<std::string> WriteComparison(Disk& disk, const std::filesystem::path& directory,
                                      const RunComparison& comparison, const std::string& gnuplot) {
  TRY(MakeDirectories(disk, directory));
  TRY(WriteAtomically(disk, directory / "compare.csv", CompareCsv(comparison)));
  TRY(WriteAtomically(disk, directory / "compare.md", CompareMarkdown(comparison)));
  auto canvas = ComparePlot(comparison, PairingSentences(comparison, &CellComparison::asr));
  if (!canvas) return std::string();
  TRY(WriteAtomically(disk, directory / "compare.svg", canvas->Svg()));
  const auto images = RenderPngs({{"compare", std::move(*canvas)}}, gnuplot);
  if (!images) return "no compare.png, only SVG: " + images.error().Text();
  TRY(WriteAtomically(disk, directory / "compare.png", images->front()));
  return std::string();
}

}  // namespace xsweep
