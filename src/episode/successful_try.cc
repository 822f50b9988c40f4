// SuccessfulTry: with which of an attack's tries a kept dialogue succeeded.
// SPDX-License-Identifier: Apache-2.0
#include "episode/successful_try.h"

namespace xsweep {

Async<Expected<std::int64_t>> SuccessfulTry(Judge& judge, const Task& task, const Goal& goal,
                                            const Transcript& dialogue) {
  std::int64_t tries = 0;
  if (!judge.finds_success_early()) co_return tries;
  Transcript so_far;
  for (const Step& step : dialogue.steps) {
    if (step.kind == StepKind::kUser && tries > 0) {
      for (std::size_t i = so_far.calls.size(); i < dialogue.calls.size() && dialogue.calls[i].turn < step.turn; ++i) {
        so_far.calls.push_back(dialogue.calls[i]);
      }
      CO_TRY_ASSIGN(const Assessment found, co_await judge.Assess(task, goal, so_far));
      if (found.succeeded.value_or(false)) co_return tries;
    }
    so_far.steps.push_back(step);
    if (step.kind == StepKind::kUser && step.injected) ++tries;
  }
  co_return tries;
}

}  // namespace xsweep
