// Gates: conditions on an aggregate, and what they say: PASS, FAIL, INSUFFICIENT or INVALID.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/aggregate.h"
#include "analyze/compare.h"

namespace xsweep {

enum class GateRate : std::uint8_t { kAsr, kAsrExposed, kTaskSuccess, kErrorRate };
enum class GateBound : std::uint8_t {
  kValue,  ///< the estimate itself
  kUpper95,
  kLower95,
  kDelta,  ///< difference to another run, this one minus that one
  kDeltaUpper95,
  kDeltaLower95,
};
enum class GateOrder : std::uint8_t { kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

/// `RATE[.BOUND] (<|<=|>|>=) NUMBER [vs RUN]`, e.g. "asr.upper95 < 0.10", "error_rate < 0.05",
/// "asr.delta_upper95 < 0.03 vs latest". Rates: asr, asr_exposed, task_success, error_rate. Bounds: upper95, lower95,
/// and with `vs` (asr and task_success only) delta, delta_upper95, delta_lower95. NUMBER lies in [-1, 1] with `vs`,
/// otherwise in [0, 1]; "5%" reads as 0.05.
struct Gate {
  std::string text;
  GateRate rate = GateRate::kAsr;
  GateBound bound = GateBound::kValue;
  GateOrder order = GateOrder::kLess;
  double threshold = 0;
  std::string versus;  ///< the other run as written; empty without `vs`
};

/// Fails with kUser; `where` is "<where>:1:<column>" and the message names what was expected, with a suggestion.
Expected<Gate> ParseGate(std::string_view text, std::string_view where = "gate");

struct GateResult {
  Gate gate;
  std::string cell;  ///< the cell that decided; empty for error_rate
  GateVerdict verdict = GateVerdict::kInvalid;
  std::optional<double> value;                   ///< what was compared with the threshold
  std::optional<stats::Interval> bounds95;       ///< of the rate or difference
  std::int64_t n = 0;                            ///< trials behind it
  std::optional<std::int64_t> trials_to_decide;  ///< with INSUFFICIENT: about how many in all, at the rate seen now
  std::optional<std::int64_t> tasks_to_decide;   ///< the tasks that these make where the interval is clustered
  std::string explanation;                       ///< one sentence
};

struct GateReport {
  std::vector<GateResult> results;           ///< one a gate: its worst cell
  GateVerdict verdict = GateVerdict::kPass;  ///< the worst: INVALID, FAIL, INSUFFICIENT, PASS; PASS without gates
};

/// Opens the run behind `vs`; handed in, so that gates know nothing of where runs lie.
using CompareWith = std::function<Expected<RunComparison>(const std::string& versus)>;

/// Each gate holds for every grid cell that it concerns (asr: cells with an attack and a defense arm; task_success:
/// cells in which it was assessed; control arms never). PASS: the condition holds. A condition on a bound that does not
/// hold is FAIL only when the other bound breaks it too, that is when more trials would not help; otherwise it is
/// INSUFFICIENT. No trial that counts: INSUFFICIENT. An error rate above `max_error_rate`: everything is INVALID.
GateReport EvaluateGates(const std::vector<Gate>& gates, const RunAggregate& run, std::optional<double> max_error_rate,
                         const CompareWith& compare_with);

}  // namespace xsweep
