// ImportTau: recorded episodes of tau-bench v1 and tau2-bench as a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sweep/foreign/imported.h"

namespace xsweep {

/// Reads the file an episode at a time. With the world at hand (--environment, or --data and the file's own domain)
/// every recorded call is played again, for its effects and to say how far both agree, and is scored by the file's own
/// tasks; without it the episodes are facts. task_success is the recorded reward of 0 or 1. Fails with kUser before
/// anything is written when the file and the environment do not fit.
Expected<int> ImportTau(const ImportRequest& request);

}  // namespace xsweep
