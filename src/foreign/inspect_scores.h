// Scores of Inspect's samples: which of them is the attack's, which the task's, and what they say.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "foreign/facts.h"

namespace xsweep {

/// The attack's verdict and the task's reward from a sample's `scores`; null where it has none. A verdict that is
/// neither yes nor no, and a sample without any score, make it an error.
void GradeByScores(const Json* scores, ForeignTrial& trial);

}  // namespace xsweep
