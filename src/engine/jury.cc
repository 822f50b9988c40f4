// Jury: the judges of one dialogue, where the attack stops as soon as the judge sees a success.
// SPDX-License-Identifier: Apache-2.0
#include "engine/jury.h"

#include <algorithm>

namespace xsweep {

Jury::Jury(std::vector<Judge*> judges, Around around)
    : judges_(std::move(judges)), ends_(judges_.size()), around_(std::move(around)) {}

// Of those who cannot tell before the end, each lets the dialogue go on to it.
bool Jury::finds_success_early() const { return std::ranges::any_of(judges_, &Judge::finds_success_early); }

Async<Expected<Assessment>> Jury::Assess(const Task& task, const Goal& goal, const Transcript& transcript) {
  Assessment found;
  found.succeeded = false;
  if (transcript.stop != Stop::kNone) co_return found;  // it has ended; each is asked by itself then
  for (std::size_t place = 0; place < judges_.size(); ++place) {
    if (ends_[place] || !judges_[place]->finds_success_early()) continue;
    CO_TRY_ASSIGN(const Assessment so_far, co_await judges_[place]->Assess(task, goal, transcript));
    if (so_far.succeeded.value_or(false)) CO_TRY(co_await Look(place, goal, transcript));
  }
  found.succeeded = std::ranges::all_of(ends_, [](const auto& end) { return end.has_value(); });
  co_return found;
}

Async<Status> Jury::Look(std::size_t place, const Goal& goal, const Transcript& transcript) {
  // Who looks at the end is shown a dialogue that has ended.
  Transcript ended = transcript;
  ended.stop = Stop::kUserStop;
  EarlyEnd end{.steps = ended.steps.size(),
               .calls = ended.calls.size(),
               .tries = around_.attack.queries(),
               .exposure = ended.exposure};
  if (!around_.attack.replaces_user()) {
    around_.before(place);
    auto assessed = co_await around_.environment.AssessTask(ended);
    if (assessed) end.task = std::move(*assessed);
    if (!assessed) end.assessed = std::unexpected(std::move(assessed).error());
  }
  auto seen = co_await around_.environment.EndEffects(ended, goal);
  if (seen) end.end_effects = std::move(*seen);
  if (!seen) end.seen = std::unexpected(std::move(seen).error());
  end.notes = around_.environment.notes();
  end.unanswered.assign(around_.models.unanswered().begin(), around_.models.unanswered().end());
  end.answered_by.assign(around_.models.answered_by().begin(), around_.models.answered_by().end());
  for (const Status* looked : {&end.assessed, &end.seen}) {
    if (!*looked && looked->error().kind != ErrorKind::kEpisode) co_return *looked;
  }
  ends_[place] = std::move(end);
  co_return Status();
}

const EarlyEnd* Jury::EndFor(std::size_t place) const { return ends_[place] ? &*ends_[place] : nullptr; }

namespace {

// Who stands before the agent's model knows what it was sent once the dialogue is over. A beginning of it was sent no
// more than the whole.
Exposure NoMoreThan(const Exposure& whole, Exposure beginning) {
  if (whole.delivery >= beginning.delivery) return beginning;
  if (whole.delivery == Delivery::kNone) return {};
  beginning.delivery = whole.delivery;
  beginning.exposed = beginning.exposed && whole.exposed;
  return beginning;
}

}  // namespace

EpisodeResult CutAt(const EpisodeResult& whole, const EarlyEnd& end) {
  EpisodeResult cut = whole;
  Transcript& transcript = cut.transcript;
  transcript.steps.resize(end.steps);
  transcript.calls.resize(end.calls);
  transcript.exposure = NoMoreThan(whole.transcript.exposure, end.exposure);
  transcript.end_effects = end.end_effects;
  transcript.notes = end.notes;
  cut.task = end.task;
  cut.attack_queries = end.tries;
  cut.error.reset();
  cut.unanswered.reset();
  cut.end = EpisodeResult::End{.stop = Stop::kUserStop,
                               .broken_off = {},
                               .effects = end.end_effects.size(),
                               .assessed = end.assessed,
                               .seen = end.seen};
  return cut;
}

}  // namespace xsweep
