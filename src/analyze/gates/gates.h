// Gates: conditions on an aggregate, and what they say: PASS, FAIL, INSUFFICIENT or INVALID.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/gates/gate.h"

namespace xsweep {

struct GateReport {
  std::vector<GateResult> results;           ///< one a gate: its worst cell
  GateVerdict verdict = GateVerdict::kPass;  ///< the worst: INVALID, FAIL, INSUFFICIENT, PASS; PASS without gates
};

/// What gates need to know beside the run; handed in, so that they know nothing of where runs lie.
struct GateSurroundings {
  std::optional<double> max_error_rate;
  /// Opens the run behind `vs`.
  std::function<Expected<RunComparison>(const std::string& versus)> compare_with;
  /// Earlier runs of the same question in which this gate ended INSUFFICIENT; none where it is not given.
  std::function<std::int64_t(const Gate&)> earlier_looks;
  /// Whether a gate was stated after the run was done; no where it is not given.
  std::function<bool(const Gate&)> afterwards;
};

/// Each gate holds for every cell that it concerns: attacked grid cells, of those with a defense where there are any;
/// for utility the cells that assess it, arms without an attack among them. PASS: in every cell the condition holds,
/// and still would had the lost trials been bad. FAIL: in some cell the opposite bound, at a confidence shared by all
/// cells, breaks it, so that more of the same would not help. Otherwise INSUFFICIENT, which says in what unit more is
/// needed. A cell, or the run, with more errors than max_error_rate allows: INVALID.
/// While planned trials have not run, a sequential gate over these tasks may FAIL, and nothing else is decided.
GateReport EvaluateGates(const std::vector<Gate>& gates, const RunAggregate& run, const GateSurroundings& surroundings);

}  // namespace xsweep
