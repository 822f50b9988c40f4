// The executor: runs the trials of a plan in places that each have a loop, and appends their rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

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
  std::uint64_t begin = 0;  ///< places, which are trials of the plan unless `index_at` says which trial stands there
  std::uint64_t end = 0;
  /// Whether the trial still has to be run, and as which attempt (0 the first time); empty: it is recorded. Asked from
  /// the threads of all places.
  std::function<std::optional<std::uint32_t>(std::uint64_t index)> attempt;
  TrialLog& rows;
  TranscriptLog& transcripts;
  Budget& budget;
  Progress& progress;
  const std::atomic<bool>& stop;  ///< set when a person wants to stop: trials that have not started are left
  std::function<std::uint64_t(std::uint64_t place)> index_at = {};
};

/// Runs the order in `places`, a thread each (the first one is this thread) on the place's loop, with up to
/// `conversations` trials under way in each. Returns when all is recorded; or kInterrupted when it was stopped: what
/// waits is given up within a second, and trials that were under way have no row and run again on resume; or kWorld
/// when rows could not be kept. Rows depend on no thread and no order; only their order in the log does.
Status RunOrder(const WorkOrder& order, std::span<const Surroundings> places, int conversations);

/// The same in `threads` places that have nothing but a loop, one trial at a time in each: for trials that hardly wait.
Status RunOnThreads(const WorkOrder& order, int threads);

}  // namespace xsweep
