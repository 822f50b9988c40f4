// Gate: one condition on an aggregate, as it is written, and what became of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/aggregate.h"
#include "analyze/comparison/compare.h"
#include "words/names.h"

namespace xsweep {

enum class GateRate : std::uint8_t {
  kAsr,
  kAsrExposed,
  kTaskSuccess,         ///< under attack where that is assessed, otherwise without one
  kBenignUtility,       ///< task success where nobody attacks
  kUtilityUnderAttack,  ///< task success of attacked trials
  kErrorRate,
};
enum class GateBound : std::uint8_t {
  kValue,  ///< the estimate itself
  kUpper95,
  kLower95,
  kDelta,  ///< difference to another run, this one minus that one
  kDeltaUpper95,
  kDeltaLower95,
};
enum class GateOrder : std::uint8_t { kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

/// `RATE[@K][[TARGET]][.BOUND] (<|<=|>|>=) NUMBER [vs RUN] [with OPTION, ...]`, e.g. "asr.upper95 < 0.10",
/// "asr[these_tasks].upper95 < 5%", "asr@10.upper95 < 0.2", "asr.delta_upper95 < 0.03 vs latest with allow defense".
/// Rates: asr, asr_exposed, task_success, benign_utility, utility_under_attack, error_rate; @K with asr alone: success
/// within K trials of a task. Targets: tasks_as_drawn (the default) and these_tasks. Bounds: upper95, lower95, and with
/// `vs` (asr and task_success only) delta, delta_upper95, delta_lower95. NUMBER lies in [-1, 1] with `vs`, otherwise in
/// [0, 1]; "5%" reads as 0.05. Options:
///   sequential      valid however often it is looked at: e-values for these_tasks, stricter looks from the first on
///                   for tasks_as_drawn
///   max_rounds N    of a sequential gate: rounds (a trial of every task) after which it is INSUFFICIENT
///   looks fresh     earlier runs of this question do not count as looks
///   icc 1           trials of a task are taken to be all alike
///   errors as_seen  PASS whatever the lost trials may have been; `errors worst` is the default
///   allow PART      of a `vs`: attack, defense, judge or environment may differ as well
struct Gate {
  std::string text;
  GateRate rate = GateRate::kAsr;
  std::int64_t k = 0;  ///< 0: no @K
  Basis target = Basis::kTasksAsDrawn;
  GateBound bound = GateBound::kValue;
  GateOrder order = GateOrder::kLess;
  double threshold = 0;
  std::string versus;  ///< the other run as written; empty without `vs`
  bool sequential = false;
  std::int64_t max_rounds = 0;  ///< 0: as many as there are
  bool fresh_looks = false;
  bool all_alike = false;
  bool errors_as_seen = false;
  std::vector<PartSide> allowed;
};

/// Fails with kUser; `where` is "<where>:1:<column>" and the message names what was expected, with a suggestion.
Expected<Gate> ParseGate(std::string_view text, std::string_view where = "gate");

bool WantsLow(const Gate& gate);
bool GateHolds(const Gate& gate, double value);
/// Whether it asks for an upper or lower bound rather than for the estimate.
bool OnBound(const Gate& gate);

struct GateResult {
  Gate gate;
  std::string cell;  ///< the cell that decided; empty for error_rate
  GateVerdict verdict = GateVerdict::kInvalid;
  std::optional<double> value;              ///< what was compared with the threshold
  std::optional<stats::Interval> bounds95;  ///< of the rate or difference, at `confidence`
  double confidence = 0.95;
  std::int64_t n = 0;                           ///< trials behind it
  std::int64_t look = 1;                        ///< which evaluation of this question it is
  bool afterwards = false;                      ///< stated after the run was done
  std::optional<double> tipping_share;          ///< of lost trials that may have been bad for PASS to stand
  std::optional<std::int64_t> tasks_to_decide;  ///< with INSUFFICIENT: about how many tasks decide in four of five runs
  std::optional<std::int64_t> trials_to_decide;  ///< or trials of the tasks there are, in all
  std::string explanation;                       ///< one sentence
  std::string held_back;                         ///< why a bound that holds is no PASS; stands in `explanation`, too
};

}  // namespace xsweep
