// Finish: from recorded rows to a sealed, judged, presented and published run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "analyze/comparison/difference.h"
#include "record/manifest.h"
#include "record/run_directory.h"

namespace xsweep {

/// Writes run.json with this status and what the ledgers say was spent so far.
Status WriteStatus(const RunDirectory& run, Manifest& manifest, RunStatus status);

/// Seals a run whose every trial is recorded, writes everything that is made from its rows, publishes it. Each step may
/// be repeated after a kill. `rows` saves reading the logs again. Returns the exit code that its verdict asks for.
Expected<int> FinishRun(const RunDirectory& run, Manifest manifest, const RecordedTrials* rows = nullptr);

/// Points `latest` at a finished run and adds it to the index. Doing it again changes nothing.
Status PublishRun(const RunDirectory& run, const Manifest& manifest);

/// Fails with kWorld when the rows of a sealed run are not those that were sealed: nobody may say then that all is
/// there.
Status CheckSealed(const RunDirectory& run);

/// Rebuilds summary, plots and notes of a sealed run and prints the headline. Returns the exit code of its verdict.
/// `later_gates` are those of the manifest that were stated only now.
Expected<int> PresentRun(const RunDirectory& run, Manifest& manifest, Adjustment adjustment,
                         const std::vector<std::string>& later_gates = {});

}  // namespace xsweep
