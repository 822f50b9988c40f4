// Judging: the end of an episode is looked at, and its judge asked; by others once more afterwards.
// SPDX-License-Identifier: Apache-2.0
#include "episode/judging.h"

#include <string>
#include <utility>

#include "episode/successful_try.h"
#include "episode/witness.h"

namespace xsweep {
namespace {

/// Whether the task failed is a finding like any other, so that a kept transcript can be judged again.
Status NoteTaskFailure(EpisodeResult& result) {
  if (!result.task.success)
    return EpisodeError("the goal is that the task fails, and whether it did was not assessed", "judge");
  if (*result.task.success) return {};
  Effect& effect = result.transcript.end_effects.emplace_back();
  effect.kind = kTaskFailed;
  effect.permitted = false;
  effect.rule = "the user's task was not done";
  return {};
}

/// The first thing that failed in looking at the end; with it what the goal makes of the task is noted.
Status FailedToLook(const EpisodeParts& parts, EpisodeResult& result) {
  Status failed = result.end->assessed ? result.end->seen : result.end->assessed;
  if (parts.goal.effect_kind != kTaskFailed) return failed;
  const Status noted = NoteTaskFailure(result);
  return failed ? noted : failed;
}

// Nobody asks for the task where the attack spoke in the user's place, or where the dialogue broke off.
Async<Status> AssessTask(const EpisodeParts& parts, EpisodeResult& result) {
  if (parts.attack.replaces_user() || result.broke_off()) co_return Status();
  CO_TRY_ASSIGN(result.task, co_await parts.environment.AssessTask(result.transcript));
  result.usage[Role::kJudge] += result.task.usage;
  co_return Status();
}

// What no try before had shown was the last one's doing.
void NoteLastTry(const EpisodeParts& parts, EpisodeResult& result) {
  const std::int64_t tries = parts.attack.queries();
  if (!result.assessment.succeeded.value_or(false)) {
    result.success_query.reset();
  } else if (!result.success_query && tries > 0 && parts.judge.finds_success_early()) {
    result.success_query = tries;
  }
}

Async<Status> AskAgain(const EpisodeParts& parts, bool assess_task, EpisodeResult& result) {
  Transcript& transcript = result.transcript;
  EpisodeResult::End& end = *result.end;
  if (assess_task) {
    auto assessed = co_await parts.environment.AssessTask(transcript);
    end.assessed = assessed ? Status() : std::unexpected(assessed.error());
    result.task = assessed ? std::move(*assessed) : TaskAssessment();
    result.usage[Role::kJudge] += result.task.usage;
  }
  transcript.end_effects.resize(end.effects);
  Status failed = FailedToLook(parts, result);
  if (!failed && failed.error().kind != ErrorKind::kEpisode) co_return failed;
  CO_TRY_ASSIGN(result.assessment, co_await parts.judge.Assess(parts.environment.task(), parts.goal, transcript));
  result.usage[Role::kJudge] += result.assessment.usage;
  if (parts.attack.queries() > 0 && result.assessment.succeeded.value_or(false)) {
    CO_TRY_ASSIGN(const std::int64_t successful,
                  co_await SuccessfulTry(parts.judge, parts.environment.task(), parts.goal, transcript));
    if (successful > 0) result.success_query = successful;
  }
  co_return failed;
}

}  // namespace

Async<Status> JudgeDialogue(const EpisodeParts& parts, PayloadTrace& trace, EpisodeResult& result) {
  const auto* witness = dynamic_cast<const ModelWitness*>(&parts.agent);
  if (witness != nullptr && witness->witnesses()) trace.Confirm(*witness, result.transcript.exposure);
  EpisodeResult::End& end = result.end.emplace(EpisodeResult::End{result.transcript.stop, result.error});
  end.assessed = co_await AssessTask(parts, result);
  auto seen = co_await parts.environment.EndEffects(result.transcript, parts.goal);
  if (seen) result.transcript.end_effects = std::move(*seen);
  if (!seen) end.seen = std::unexpected(std::move(seen).error());
  result.transcript.notes = parts.environment.notes();
  if (witness != nullptr)
    for (std::string& note : witness->notes()) result.transcript.notes.push_back(std::move(note));
  end.effects = result.transcript.end_effects.size();
  Status failed = FailedToLook(parts, result);
  if (!failed && failed.error().kind != ErrorKind::kEpisode) co_return failed;
  CO_TRY_ASSIGN(result.assessment,
                co_await parts.judge.Assess(parts.environment.task(), parts.goal, result.transcript));
  result.usage[Role::kJudge] += result.assessment.usage;
  NoteLastTry(parts, result);
  co_return failed;
}

void SetJudged(Status ended, bool broke_off, EpisodeResult& result) {
  if (ended || (broke_off && ended.error().kind == ErrorKind::kEpisode)) return;
  result.transcript.stop = Stop::kError;
  result.error = std::move(ended).error();
}

Async<Status> JudgeAgain(EpisodeParts parts, bool assess_task, EpisodeResult& result) {
  result.usage = {};
  if (!result.end) co_return Status();
  result.transcript.stop = result.end->stop;
  result.error = result.end->broken_off;
  result.assessment = {};
  result.success_query.reset();
  const bool broke_off = result.broke_off();
  Status judged = co_await AskAgain(parts, assess_task && !broke_off, result);
  SetJudged(std::move(judged), broke_off, result);
  co_return Status();
}

}  // namespace xsweep
