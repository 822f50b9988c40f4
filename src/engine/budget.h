// Budget: the bounds of a whole run, shared by everything that spends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "base/json.h"
#include "config/sweep_config.h"
#include "engine/allowance.h"
#include "episode/model.h"

namespace xsweep {

/// What a run has used, over all its resumes.
struct Spending {
  Usage usage;
  std::uint64_t ended = 0;  ///< trials with an outcome, errors included
  std::uint64_t errors = 0;
  double seconds = 0;

  Json ToJson() const;
  static Spending FromJson(const Json& json);
};

/// Thread-safe. Once a limit is reached it stays reached: no new call starts; calls in flight finish, so that a run
/// overshoots by at most those.
class Budget {
 public:
  /// `before` is what earlier parts of this run have used.
  Budget(const Limits& limits, const Spending& before);

  /// Asked before every trial; the error is of kind kBudget and names the limit.
  Status MayCall();
  /// Asked before every attempt of a model call: as MayCall, and what the other processes of the run leave.
  Expected<Admission> MayCallModel();
  void Charge(const Usage& usage);
  void CountTrial(bool error);

  /// Joins a budget that several processes share (see shared_budget.h): `look` says what the others leave and calls
  /// SetElsewhere with news of them, `charged` writes down what this one spends. Called before the first trial.
  void Share(std::function<Admission()> look, std::function<void(const Usage&)> charged);
  /// Replaces what was spent before and elsewhere; seconds included.
  void SetElsewhere(const Spending& elsewhere);

  /// How many trials' worth the limits still have, judging by what those that ended have cost; before any has ended, by
  /// `expected`. Infinite without a limit that trials use up.
  double TrialsLeft(const Usage& expected) const;
  /// Before, elsewhere and here.
  Spending used() const;
  /// The limit that was reached, e.g. "max_calls"; empty when none was.
  std::string stopped_by() const;
  /// {limits, used, stopped_by} for run.json.
  Json ToJson() const;

 private:
  std::string ReachedLimit() const;
  double Seconds() const;
  bool HasLimits() const;

  const Limits limits_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::atomic<bool> stopped_ = false;
  Spending used_;       ///< here
  Spending elsewhere_;  ///< before, and by other processes
  std::function<Admission()> look_;
  std::function<void(const Usage&)> charged_;
  std::string stopped_by_;
};

}  // namespace xsweep
