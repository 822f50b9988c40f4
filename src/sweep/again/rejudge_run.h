// RejudgeRun: another judge over the dialogues of a finished run, as a run of its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sweep/again/judge_batches.h"

namespace xsweep {

struct RejudgeRequest {
  std::string run;
  std::string outdir = "results";
  std::optional<std::string> judge, run_id;  ///< the other judge; the name of the new run
  std::vector<std::string> set;              ///< options of the judge and of its model, PATH=VALUE
  int jobs = 32;                             ///< questions at once to a judge that is a model
  std::optional<BatchWish> batch{};          ///< through its batch endpoint instead
  std::vector<std::string> argv;
};

/// Asks no agent. A run of the same judge over the same dialogues that is not through is gone on with: what a model has
/// answered, or was sent in batches, stays when this one ends before it is. Fails with kUser when the run is not
/// finished, did not keep its dialogues, or when something other than the judge would change; then nothing is made.
/// Returns the exit code of the new run's verdict.
Expected<int> RejudgeRun(const RejudgeRequest& request, const std::atomic<bool>& stop);

}  // namespace xsweep
