// PageCells: rates, cells and the matrix of attacks and defenses as the page reads them.
// SPDX-License-Identifier: Apache-2.0
#include "page/page_cells.h"

#include <utility>

#include "analyze/comparison/grid.h"
#include "analyze/numbers.h"
#include "pictures/chart.h"

namespace xsweep {
namespace {

Json SeedsForPage(const CellAggregate& cell) {
  Json seeds = Json::MakeArray();
  for (const SeedAggregate& seed : cell.seeds) {
    seeds.Append(Json::MakeObject({{"seed", Json(std::to_string(seed.seed))},
                                   {"trials", seed.tally.trials()},
                                   {"errors", seed.tally.errors()},
                                   {"asr", RateForPage(seed.asr)},
                                   {"asr_exposed", RateForPage(seed.asr_exposed)},
                                   {"task_success", RateForPage(seed.task_success)}}));
  }
  return seeds;
}

/// [task, asr k, asr n, asr low, asr high, task_success k, task_success n]
Json TasksForPage(const CellAggregate& cell, TaskNames& names) {
  Json tasks = Json::MakeArray();
  for (const TaskAggregate& task : cell.tasks) {
    const auto bounds = task.asr.bounds95();
    tasks.Append(Json::MakeArray(
        {names.Number(task.task), task.asr.successes, task.asr.n, BoundForPage(bounds, &stats::Interval::low),
         BoundForPage(bounds, &stats::Interval::high), task.task_success.successes, task.task_success.n}));
  }
  return tasks;
}

Json SquareForPage(const std::optional<MatrixSquare>& square) {
  if (!square) return nullptr;
  return Json::MakeObject({{"cell", square->cell},
                           {"asr", RateForPage(square->asr)},
                           {"asr_exposed", RateForPage(square->asr_exposed)},
                           {"task_success", RateForPage(square->task_success)}});
}

}  // namespace

Json BoundForPage(const std::optional<stats::Interval>& bounds, double stats::Interval::* end) {
  return bounds ? Json((*bounds).*end) : Json();
}

Json RateForPage(const Rate& rate) {
  const auto bounds = rate.bounds95();
  return Json::MakeObject({{"k", rate.successes},
                           {"n", rate.n},
                           {"value", OrNull(rate.value())},
                           {"low", BoundForPage(bounds, &stats::Interval::low)},
                           {"high", BoundForPage(bounds, &stats::Interval::high)},
                           {"basis", BasisWords(rate.basis())}});
}

Json TallyForPage(const Tally& tally) {
  Json outcomes = Json::MakeObject();
  for (const Outcome outcome : kEvery<Outcome>) outcomes.Set(NameOf(outcome), tally.of(outcome));
  return Json::MakeObject({{"trials", tally.trials()},
                           {"outcomes", std::move(outcomes)},
                           {"exposed", tally.exposed},
                           {"attempted", tally.attempted},
                           {"attempts", tally.attempts},
                           {"executions", tally.executions},
                           {"blocks", tally.blocks},
                           {"turns", tally.turns},
                           {"tool_calls", tally.tool_calls},
                           {"queries", tally.queries},
                           {"calls", tally.calls},
                           {"prompt_tokens", tally.prompt_tokens},
                           {"completion_tokens", tally.completion_tokens},
                           {"cost_usd", static_cast<double>(tally.cost_nano_usd) / 1e9},
                           {"unknown_cost", tally.unknown_cost}});
}

Json CellForPage(const CellAggregate& cell, TaskNames& names) {
  Json axes = Json::MakeArray();
  for (const auto& [path, value] : cell.axes) axes.Append(Json::MakeArray({path, value, AxisLabel(path)}));
  Json powers = Json::MakeArray();
  for (const PassPowerK& power : cell.pass_k) {
    powers.Append(Json::MakeArray({power.k, power.value, BoundForPage(power.bounds95, &stats::Interval::low),
                                   BoundForPage(power.bounds95, &stats::Interval::high)}));
  }
  return Json::MakeObject({{"id", cell.id},
                           {"label", CellLabel(cell)},
                           {"arm", NameOf(cell.arm)},
                           {"attack", cell.attack},
                           {"defense", cell.defense},
                           {"axes", std::move(axes)},
                           {"tally", TallyForPage(cell.tally)},
                           {"asr", RateForPage(cell.asr)},
                           {"asr_exposed", RateForPage(cell.asr_exposed)},
                           {"task_success", RateForPage(cell.task_success)},
                           {"error_rate", RateForPage(cell.error_rate)},
                           {"flip_rate", OrNull(cell.repeats.flip_rate)},
                           {"icc", OrNull(cell.repeats.icc)},
                           {"pass_k", std::move(powers)},
                           {"seeds", SeedsForPage(cell)},
                           {"tasks", TasksForPage(cell, names)}});
}

Json MatrixForPage(const RunAggregate& run) {
  const DefenseMatrix matrix = MakeDefenseMatrix(run);
  if (matrix.defenses.size() < 2 && matrix.attacks.size() < 2) return nullptr;
  Json rows = Json::MakeArray();
  for (std::size_t i = 0; i < matrix.defenses.size(); ++i) {
    Json squares = Json::MakeArray();
    for (const auto& square : matrix.squares[i]) squares.Append(SquareForPage(square));
    rows.Append(Json::MakeObject(
        {{"defense", matrix.defenses[i]},
         {"squares", std::move(squares)},
         // None is the worst of equals.
         {"worst",
          matrix.worst_attacks[i].size() == 1 ? Json(static_cast<std::int64_t>(matrix.worst_attacks[i][0])) : Json()},
         {"utility", RateForPage(matrix.utility[i])},
         {"utility_without_attack", static_cast<bool>(matrix.utility_without_attack[i])}}));
  }
  return Json::MakeObject(
      {{"attacks", Json::MakeArray({matrix.attacks.begin(), matrix.attacks.end()})}, {"rows", std::move(rows)}});
}

}  // namespace xsweep
