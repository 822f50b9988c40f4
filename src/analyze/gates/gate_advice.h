// GateAdvice: what would decide a gate that these trials leave open, by simulation at the rate and likeness seen.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analyze/gates/gate.h"
#include "analyze/gates/gate_evidence.h"

namespace xsweep {

/// Adds to an INSUFFICIENT `result` in what unit more is needed and about how much of it decides in four of five runs
/// over `cells` cells: tasks where trials of one task are alike, otherwise trials; or that repetitions of these tasks
/// cannot pass at all. Without a figure where a hundred times as many would not do.
void AddAdvice(const Evidence& evidence, std::size_t cells, GateResult& result);

}  // namespace xsweep
