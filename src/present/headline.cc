// Headline: what a run found, in one sentence.
// SPDX-License-Identifier: Apache-2.0
#include "present/headline.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/numbers.h"
#include "analyze/run_facts.h"
#include "base/escape.h"
#include "pictures/chart.h"

namespace xsweep {
namespace {

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

}  // namespace

bool Uncorrected(const Story& story, const CellAggregate& cell) {
  const auto record = std::ranges::find(story.manifest.cells, cell.id, &CellRecord::id);
  if (record == story.manifest.cells.end() || !record->judge.starts_with("model") || story.checked) return false;
  return std::ranges::find(story.calibration, cell.id, &CellCalibration::cell) == story.calibration.end();
}

std::string Headline(const Story& story) {
  const RunAggregate& aggregate = story.aggregate;
  const std::string name = CleanText(story.manifest.exp);
  if (aggregate.total.trials() == 0) return name + ": no trial was recorded.";
  const RunFacts facts = FactsOf(aggregate);
  if (facts.worst == nullptr) return fmt::format("{}: {}.", name, BenignWords(facts));
  return fmt::format("{}: {}{}{}.", name, WorstWords(story, facts), ControlWords(facts), UtilityWords(facts));
}

}  // namespace xsweep
