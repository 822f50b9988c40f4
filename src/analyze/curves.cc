// Curves: attack success within k trials of a task, and what more trials would do.
// SPDX-License-Identifier: Apache-2.0
#include "analyze/curves.h"

#include <algorithm>

namespace xsweep {

std::vector<std::int64_t> CurveSteps(std::int64_t most) {
  std::vector<std::int64_t> steps;
  for (const std::int64_t step : {1, 2, 3, 5, 10, 20, 50, 100, 200, 500}) {
    if (step < most) steps.push_back(step);
  }
  steps.push_back(most);
  return steps;
}

std::optional<SuccessCurve> SuccessWithinTrials(const CellAggregate& cell) {
  std::vector<stats::Cluster> tasks;
  SuccessCurve curve{INT64_MAX, {}, {}};
  for (const TaskAggregate& task : cell.tasks) {
    if (task.asr.n == 0) continue;
    tasks.push_back({task.asr.successes, task.asr.n});
    curve.trials = std::min(curve.trials, task.asr.n);
  }
  if (cell.asr.n == 0 || tasks.size() < 2 || curve.trials < 2) return std::nullopt;
  for (const std::int64_t k : CurveSteps(curve.trials)) curve.points.push_back(*stats::SuccessAtK(tasks, k));
  curve.thrice = stats::ExtrapolateSuccess(tasks, 3 * curve.trials);
  return curve;
}

}  // namespace xsweep
