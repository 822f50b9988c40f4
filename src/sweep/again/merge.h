// Merge: finishing a run whose shards have run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "record/run_directory.h"

namespace xsweep {

/// Fails with kUser, naming the trials, when some are missing. Of a run that is merged already only what a kill has
/// left undone is done. Returns the exit code of its verdict.
Expected<int> MergeRun(const RunDirectory& run);

}  // namespace xsweep
