// JudgeBatches: a judge that is a model, asked through its provider's batch endpoint.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "record/run_directory.h"
#include "sweep/open/experiment.h"

namespace xsweep {

/// How batches are to be used.
struct BatchWish {
  double wait_hours = 26;  ///< a batch may take a day
  int size = 100'000;      ///< most questions in one; the API may take fewer
};

/// Fails with kUser when the judge's model has no batch endpoint, no key, or limits that cannot be kept with batches.
Status CheckBatches(const Experiment& experiment);

/// Judges the kept dialogues of `old_run` into the logs of `run`, which are made anew: what was asked and answered lies
/// in its folder of batches. Returns how many dialogues may have been cut short. Fails with kInterrupted when the wait
/// is over or somebody says stop; the same call goes on another time, and sends nothing twice.
Expected<std::int64_t> JudgeInBatches(const Experiment& experiment, const RunDirectory& old_run,
                                      const RunDirectory& run, const BatchWish& wish, const std::atomic<bool>& stop);

}  // namespace xsweep
