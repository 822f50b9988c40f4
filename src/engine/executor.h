// The executor: holds the dialogues of a plan in places that each have a loop, and appends the rows of their trials.
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
#include "record/logs/trial_log.h"
#include "record/transcripts/transcript_log.h"

namespace xsweep {

/// What one executor works on: a range of the plan's dialogues, less what is recorded.
struct WorkOrder {
  const Plan& plan;
  const TrialRunner& runner;
  std::uint64_t begin = 0;  ///< places: dialogues (plan/dialogues.h), unless `dialogue_at` says which stands there
  std::uint64_t end = 0;
  /// Whether the trial still has to be run, and as which attempt (0 the first time); empty: it is recorded. Asked from
  /// the threads of all places.
  std::function<std::optional<std::uint32_t>(std::uint64_t index)> attempt;
  /// The row of a trial that is recorded.
  std::function<Expected<Trial>(std::uint64_t index)> recorded;
  TrialLog& rows;
  TranscriptLog& transcripts;
  Budget& budget;
  Progress& progress;
  const std::atomic<bool>& stop;  ///< set when a person wants to stop: trials that have not started are left
  std::function<std::uint64_t(std::uint64_t place)> dialogue_at = {};
};

/// Where some trials of a dialogue are recorded and others are not (a kill, a judge that failed), it is held again,
/// from the exchanges that are kept, and the missing rows are added to the others. Where that gives another dialogue
/// than the recorded rows are of, all of its rows are written anew as the next attempt, so that they are of one
/// dialogue again.
///
/// Runs the order in `places`, a thread each (the first one is this thread) on the place's loop, with up to
/// `conversations` dialogues under way in each. Returns when all is recorded; or kInterrupted when it was stopped: what
/// waits is given up within a second, and trials that were under way have no row and run again on resume; or kWorld
/// when rows could not be kept. Rows depend on no thread and no order; only their order in the log does.
Status RunOrder(const WorkOrder& order, std::span<const Surroundings> places, int conversations);

/// The same in `threads` places that have nothing but a loop, one dialogue at a time in each: for those that hardly
/// wait.
Status RunOnThreads(const WorkOrder& order, int threads);

}  // namespace xsweep
