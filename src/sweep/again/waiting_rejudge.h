// WaitingRejudge: runs that judge another's dialogues and are not through.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/files.h"
#include "record/manifest.h"
#include "record/run_directory.h"
#include "sweep/start_run.h"

namespace xsweep {

/// The run that judges the same dialogues by the same config as `wanted` and is not finished: of several the one that
/// began last, or the one that `where` names.
std::optional<StartedRun> FindWaiting(const NewRun& where, const Manifest& wanted);
/// Whether a judge of this run, which is not sealed, has answered single calls.
bool HasSingleAnswers(const RunDirectory& run);
/// Held by the one process that works on the batches of a run; makes their folder. Fails with kUser while another one
/// holds it.
Expected<FileLock> HoldBatches(const RunDirectory& run);
/// Whether anything of this run has gone out in batches.
bool HasBatches(const RunDirectory& run);
/// Of a finished run: removes questions and answers, which its exchanges hold too, and leaves the notes.
Status ForgetBatches(const RunDirectory& run);

}  // namespace xsweep
