// PageComparison: a run against another as the page reads it.
// SPDX-License-Identifier: Apache-2.0
#include "page/page_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "analyze/comparison/compare.h"
#include "page/page_cells.h"
#include "present/comparison.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

Json DifferenceForPage(const std::string& cell, const Difference& difference) {
  return Json::MakeObject({{"cell", cell},
                           {"measure", MeasureName(difference.measure)},
                           {"a", RateForPage(difference.a)},
                           {"b", RateForPage(difference.b)},
                           {"difference", OrNull(difference.difference)},
                           {"low", BoundForPage(difference.bounds95, &stats::Interval::low)},
                           {"high", BoundForPage(difference.bounds95, &stats::Interval::high)},
                           {"p", OrNull(difference.p)},
                           {"p_adjusted", OrNull(difference.adjusted_p)},
                           {"pairs", difference.pairs},
                           {"only_a", difference.only_a},
                           {"only_b", difference.only_b},
                           {"detectable", OrNull(difference.detectable)},
                           {"verdict", JudgementWords(difference.judgement)},
                           {"method", PairingWords(difference.pairing)}});
}

std::string VerdictWords(const RunComparison& comparison) {
  std::map<Judgement, std::size_t> cells;
  for (const CellComparison& cell : comparison.cells) ++cells[cell.asr.judgement];
  const std::size_t comparable = comparison.cells.size() - cells[Judgement::kNotComparable];
  return fmt::format(
      "On attack success, B is better than A in {} of {} attacked cells, worse in {}, and not distinguishable in {}.",
      cells[Judgement::kBetter], comparable, cells[Judgement::kWorse], cells[Judgement::kNotDistinguishable]);
}

}  // namespace

Expected<Json> ComparisonForPage(const fs::path& a, const fs::path& b) {
  TRY_ASSIGN(const RunComparison comparison, CompareRuns(a.string(), b.string()));
  Json words = Json::MakeArray();
  const std::vector<std::string> warnings = CompareWarnings(comparison);
  for (const std::string& warning : warnings) words.Append(warning);
  if (!comparison.cells.empty()) words.Append(VerdictWords(comparison));
  for (const Obstacle& obstacle : comparison.obstacles) {
    if (std::ranges::find(warnings, obstacle.message) == warnings.end()) words.Append(obstacle.message);
  }
  Json facts = Json::MakeArray();
  for (const FactDifference& fact : comparison.facts) facts.Append(Json::MakeArray({fact.fact, fact.a, fact.b}));
  Json cells = Json::MakeArray();
  for (const CellComparison& cell : comparison.cells) cells.Append(DifferenceForPage(cell.cell, cell.asr));
  for (const CellComparison& cell : comparison.cells) cells.Append(DifferenceForPage(cell.cell, cell.task_success));
  return Json::MakeObject({{"words", std::move(words)},
                           {"facts", std::move(facts)},
                           {"adjustment", AdjustmentName(comparison.adjustment)},
                           {"cells", std::move(cells)}});
}

}  // namespace xsweep
