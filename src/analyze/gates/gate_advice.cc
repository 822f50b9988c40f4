// GateAdvice: what would decide a gate that these trials leave open.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/gates/gate_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/simulate.h"

namespace xsweep {
namespace {

/// Trials of one task are so alike that only other tasks tell more.
constexpr double kAlike = 0.3;
constexpr double kWanted = 0.8;
constexpr std::int64_t kWorlds = 60;
constexpr double kStep = 1.25;
constexpr double kMostTimes = 64;
constexpr double kMostTrials = 100'000;

bool Decided(const stats::World& world, const stats::GateQuestion& question) {
  const stats::GateChances chances = stats::ChancesOfGate(world, question, kWorlds);
  return chances.pass + chances.fail >= kWanted;
}

/// Smallest size, in steps of a quarter, that decides; `grow` sets it.
template <class Grow>
std::optional<std::int64_t> SizeThatDecides(stats::World world, const stats::GateQuestion& question, std::int64_t now,
                                            Grow grow) {
  double times = 1;
  while ((times *= kStep) <= kMostTimes) {
    const auto size = static_cast<std::int64_t>(std::ceil(times * static_cast<double>(now)));
    grow(world, size);
    if (static_cast<double>(world.tasks) * static_cast<double>(world.trials_per_task) > kMostTrials) break;
    if (Decided(world, question)) return size;
  }
  return std::nullopt;
}

/// Whether the bound would hold if every task had been repeated for ever with the same shares.
bool RepetitionsCouldPass(const Gate& gate, stats::TaskScores scores) {
  scores.within = 0;
  const auto bounds = stats::TasksAsDrawn(scores);
  return bounds && GateHolds(gate, BoundOf(gate, *bounds));
}

}  // namespace

void AddAdvice(const Evidence& evidence, std::size_t cells, GateResult& result) {
  const Gate& gate = result.gate;
  if (!OnBound(gate) || evidence.tasks.size() < 2 || evidence.k > 0 || gate.all_alike || gate.sequential) return;
  const stats::TaskScores scores = stats::SharesOf(EndedOf(evidence.tasks));
  const stats::ScoreBase base = stats::BaseOf(scores);
  const auto tasks = static_cast<std::int64_t>(scores.scores.size());
  const auto each =
      std::max<std::int64_t>(1, std::llround(static_cast<double>(evidence.n) / static_cast<double>(tasks)));
  const stats::World world{tasks, each, base.estimate, base.icc_used, static_cast<std::int64_t>(cells)};
  const stats::GateQuestion question{gate.threshold, WantsLow(gate), gate.target == Basis::kTheseTasks};
  const bool other_tasks = gate.target == Basis::kTasksAsDrawn;
  const bool hopeless = other_tasks && !RepetitionsCouldPass(gate, scores);
  if (hopeless) {
    result.explanation += fmt::format("; no number of repetitions of these {} tasks can pass", tasks);
  }
  if (other_tasks && (hopeless || base.icc_used > kAlike)) {
    result.tasks_to_decide =
        SizeThatDecides(world, question, tasks, [](stats::World& w, std::int64_t size) { w.tasks = size; });
    result.explanation +=
        result.tasks_to_decide
            ? fmt::format("; about {} tasks would decide it in four of five runs, if the environment has so many",
                          *result.tasks_to_decide)
            : std::string("; the rate lies so close to the threshold that no number of tasks in reach decides it");
    return;
  }
  const auto per_task =
      SizeThatDecides(world, question, each, [](stats::World& w, std::int64_t size) { w.trials_per_task = size; });
  if (per_task) result.trials_to_decide = *per_task * tasks;
  result.explanation +=
      per_task ? fmt::format("; about {} trials would decide it in four of five runs ({} of each of these {} tasks)",
                             *result.trials_to_decide, *per_task, tasks)
               : std::string("; the rate lies so close to the threshold that no number of trials in reach decides it");
}

}  // namespace xsweep
