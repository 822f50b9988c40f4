// IntervalsByWhatIsShared: what attack success is worth when cases share a user's task and an injection.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/json.h"
#include "record/logs/trial.h"
#include "record/manifest.h"

namespace xsweep {

/// For every attacked cell: n, successes, rate (the mean over user tasks), and bounds taken over cases, by user task,
/// by injection and by both:
/// [{cell, n, successes, rate, cases: [low, high], by_task: ..., by_injection: ..., by_both: ..., effective_n}]. A way
/// that says nothing (one task, one injection) is null.
Json IntervalsByWhatIsShared(const std::vector<CellRecord>& cells, const std::vector<Trial>& rows);

}  // namespace xsweep
