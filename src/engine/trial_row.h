// TrialRow: what a row and a kept transcript say of an episode.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "config/sweep_config.h"
#include "engine/watched_models.h"
#include "episode/run_episode.h"
#include "record/logs/trial.h"

namespace xsweep {

/// A finished trial: its row and, when the config keeps it, its transcript as JSON text; of a trial that was judged on
/// another's dialogue, what is its own of it (record/transcripts/transcript_log.h).
struct TrialRecord {
  Trial row;
  std::string transcript;
};

/// What of the config a row depends on beside its parts.
struct RowRules {
  bool attacked = false;
  bool replaces_user = false;       ///< nobody asked for the task
  bool unanswered_resists = false;  ///< as in the config
};

/// The outcome of an episode that ended without an error.
Outcome DecideOutcome(bool attacked, const Exposure& exposure, const Assessment& assessment);

/// 16 hex digits over a part's name, options and what else it follows.
std::string HashOfPart(const PartConfig& part, std::string_view more = {});

/// What a row says of it, so that a row compares equal with itself when it is read again: no sum where a price is not
/// known, and nothing of replies that did not say what they took.
Usage UsageInRow(Usage used);

/// An error, or `skipped` where the budget is gone.
void SetError(const Error& error, Trial& row);
/// What the replies gave away about themselves.
void SetWatched(const WatchedModels& watched, Trial& row);
/// What the models were asked, in place of what parts have said of it: a reply that a part fails over was paid for too.
void SetUsage(const WatchedModels& watched, Trial& row);
/// Attempts, outcome and task success.
void SetFindings(const EpisodeResult& result, bool attacked, bool asked_for_task, Trial& row);
/// All that a row says of an episode, what was watched aside.
void SetEpisode(const EpisodeResult& result, const RowRules& rules, Trial& row);
/// Of a row whose cell plays the same roles throughout: what the other one was found to be. It took nothing.
void CopyFindings(const Trial& other, Trial& row);

bool KeepsTranscript(const TranscriptPolicy& policy, const Trial& row);
/// What stands beside a dialogue: the goal, what a reader needs to judge the judge, and what changed in the world.
/// Reading a transcript back ignores what it does not know.
Json MembersBeside(const EpisodeResult& result, const Goal& goal);
/// The dialogue with `beside`.
std::string KeptTranscript(const EpisodeResult& result, const Json& beside);
/// Of a trial that was judged on the dialogue of trial `holder`: what is its own.
std::string KeptJudgement(const EpisodeResult& result, std::uint64_t holder);

}  // namespace xsweep
