// Budget: the bounds of a whole run, shared by everything that spends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/json.h"
#include "config/sweep_config.h"
#include "engine/allowance.h"
#include "engine/spending.h"
#include "episode/model.h"

namespace xsweep {

/// Thread-safe. Once a limit is reached it stays reached: no new call starts, of whatever role; calls in flight finish,
/// so that a run overshoots by at most those.
class Budget {
 public:
  /// `before` is what earlier parts of this run have used.
  Budget(const Limits& limits, const Spending& before);

  /// Asked before every trial; the error is of kind kBudget and names the limit.
  Status MayCall();
  /// Asked before every attempt of a model call: as MayCall, and what the other processes of the run leave.
  Expected<Admission> MayCallModel(Role role);
  /// An answer whose tokens are not known reaches every limit on tokens or dollars that it concerns.
  void Charge(Role role, const Usage& usage);
  /// `held`: a dialogue was held for it; not for the further ones that are judged on the same.
  void CountTrial(bool error, bool held = true);

  /// From now on `max_error_rate` stops the run as a limit does: when errors, with the `before` that are recorded
  /// already, are so many of the `planned` trials of the whole run that it is certain to end above the rate. What a
  /// process does not know of the others' errors makes it stop later, never too early.
  void StopAboveErrorRate(std::uint64_t before, std::uint64_t planned);

  /// No trial starts any more, since all that is asked is answered.
  void StopDecided();

  /// Joins a budget that several processes share (see shared_budget.h): `look` says what the others leave and calls
  /// SetElsewhere with news of them, `charged` writes down what this one spends. Called before the first trial.
  void Share(std::function<Admission(Role)> look, std::function<void(Role, const Usage&)> charged);
  /// Replaces what was spent before and elsewhere; seconds included.
  void SetElsewhere(const Spending& elsewhere);

  /// How many dialogues' worth the limits still have, judging by what those that ended here have cost; before any has
  /// ended, by `expected`. Infinite without a limit that trials use up.
  double DialoguesLeft(const Spending& expected) const;
  /// Before, elsewhere and here.
  Spending used() const;
  /// The limit that was reached as the config names it, e.g. "max_calls", "roles.attacker.max_cost_usd",
  /// "max_error_rate"; kStoppedByGates after StopDecided; empty when none was.
  std::string stopped_by() const;
  /// {limits, used, stopped_by} for run.json.
  Json ToJson() const;

 private:
  /// For StopAboveErrorRate.
  struct ErrorBound {
    std::uint64_t before;
    double planned;
    double rate;
  };
  std::string ReachedLimit() const;
  double Seconds() const;
  bool TooManyErrors() const;
  void StopBy(std::string limit);

  const Limits limits_;
  const bool has_limits_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::atomic<bool> stopped_ = false;
  Spending used_;           ///< here
  std::uint64_t held_ = 0;  ///< dialogues that ended here
  Spending elsewhere_;      ///< before, and by other processes
  std::optional<ErrorBound> error_bound_;
  std::function<Admission(Role)> look_;
  std::function<void(Role, const Usage&)> charged_;
  std::string stopped_by_;
  std::atomic<bool> without_usage_ = false;  ///< stopped because an answer said nothing usable of what it took
};

}  // namespace xsweep
