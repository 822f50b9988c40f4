// Judging: what follows the last word of a dialogue.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/async.h"
#include "episode/episode.h"
#include "episode/payload_trace.h"

namespace xsweep {

/// Looks at how the dialogue of `result` has ended and asks the judge. What fails on the way is told, but never keeps
/// the judge from what was executed: success is decided first.
Async<Status> JudgeDialogue(const EpisodeParts& parts, PayloadTrace& trace, EpisodeResult& result);

/// The end of judging, by one judge: a judge that fails over a dialogue that broke off has nothing to add to that.
void SetJudged(Status ended, bool broke_off, EpisodeResult& result);

/// Judges the dialogue of `result` again, by `parts.judge`: assessment, stop and error become this judge's, `usage`
/// what it took. With `assess_task` the environment is asked once more whether the task was solved, for that its own
/// model has changed. Does nothing but forget the usage where the dialogue was not handed to a judge.
Async<Status> JudgeAgain(EpisodeParts parts, bool assess_task, EpisodeResult& result);

}  // namespace xsweep
