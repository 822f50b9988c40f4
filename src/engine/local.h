// The local executor: threads that run the trials of a plan and append their rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "engine/budget.h"
#include "engine/progress.h"
#include "engine/run_trial.h"
#include "record/transcript_log.h"
#include "record/trial_log.h"

namespace xsweep {

/// What one executor works on: a range of the plan, less what is recorded.
struct WorkOrder {
  const Plan& plan;
  const TrialRunner& runner;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  /// Whether the trial still has to be run, and as which attempt (0 the first time); empty: it is recorded.
  std::function<std::optional<std::uint32_t>(std::uint64_t index)> attempt;
  TrialLog& rows;
  TranscriptLog& transcripts;
  Budget& budget;
  Progress& progress;
  const std::atomic<bool>& stop;  ///< set when a person wants to stop: trials that have not started are left
};

/// Runs the order on `jobs` threads and returns when all is recorded, or when it was stopped (kInterrupted), or when
/// rows could not be kept (kWorld). Rows depend on no thread; only their order in the log does.
Status RunOnThreads(const WorkOrder& order, int jobs);

}  // namespace xsweep
