// TrialRunner: one trial from identity to row.
// SPDX-License-Identifier: Apache-2.0
#include "engine/run_trial.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "episode/successful_try.h"
#include "episode/turn_keeper.h"

namespace xsweep {
namespace {

/// What a judge found on a dialogue that was kept. `before` is the row's outcome until now.
void SetJudged(Assessment assessment, const Transcript& dialogue, bool attacks, Outcome before, Trial& row) {
  row.usage[Role::kJudge] = UsageInRow(assessment.usage);
  EpisodeResult result;
  result.assessment = std::move(assessment);
  result.transcript.exposure = dialogue.exposure;
  result.transcript.calls = dialogue.calls;
  const std::optional<BlockedBy> blocked_by = std::exchange(row.blocked_by, std::nullopt);
  // What the row says stands before what the config says: an imported run has one cell in its config, and of some of
  // its attacked episodes nobody could tell whether the payload was seen.
  if (before == Outcome::kAttackResisted && !result.transcript.exposure.exposed) {
    result.transcript.exposure.exposed = true;
    result.transcript.exposure.delivery = Delivery::kIntact;
  }
  SetFindings(result, attacks || row.channel != Channel::kNone, false, row);
  // What the provider kept from the agent no judge can call resisted.
  if (blocked_by == BlockedBy::kProvider && row.outcome != Outcome::kAttackSucceeded) {
    row.outcome = Outcome::kAttackBlocked;
    row.blocked_by = blocked_by;
    row.error_kind.reset();
    row.error_message.clear();
  } else if (row.stop == Stop::kUnanswered && row.outcome != Outcome::kAttackSucceeded) {
    SetError(UnansweredError("the dialogue ended in a reply that is no answer", "dialogue"), row);
  } else if (row.stop == Stop::kError && row.outcome != Outcome::kAttackSucceeded) {
    SetError(Error{ErrorKind::kEpisode, "the dialogue broke off by a failure", {}}, row);
  }
}

}  // namespace

TrialRunner::TrialRunner(const SweepConfig& config, std::shared_ptr<const EnvironmentSource> environment)
    : config_(&config),
      environment_(std::move(environment)),
      limits_{config.limits.max_turns, config.limits.max_tool_calls, config.limits.max_tool_errors,
              config.unanswered_resists} {}

Expected<TrialRunner> TrialRunner::Prepare(const SweepConfig& config, const Plan& plan, const Catalog& catalog,
                                           std::shared_ptr<const EnvironmentSource> environment,
                                           const ModelsOfCell& models) {
  TrialRunner runner(config, std::move(environment));
  std::unordered_map<std::string_view, std::size_t> places;
  const auto& tasks = runner.environment_->tasks();
  for (std::size_t i = 0; i < tasks.size(); ++i) places.emplace(tasks[i].id, i);
  for (const std::string& task : plan.tasks()) {
    const auto place = places.find(task);
    if (place == places.end()) return InternalError("a planned task is not in the environment: " + task);
    runner.task_places_.push_back(place->second);
  }
  for (const Cell& cell : plan.cells()) {
    PreparedCell prepared{&cell, {}, {}, {}, {}, {}, {}, HashOfPart(cell.judge)};
    TRY_ASSIGN(prepared.attack, catalog.PrepareAttack(cell.attack.name, cell.attack.options));
    prepared.attack.goal = GoalHere(prepared.attack, *runner.environment_);
    TRY_ASSIGN(prepared.agent, catalog.PrepareAgent(cell.agent.name, cell.agent.options));
    TRY_ASSIGN(prepared.defense, catalog.PrepareDefense(cell.defense.name, cell.defense.options));
    TRY_ASSIGN(prepared.judge, catalog.PrepareJudge(cell.judge.name, cell.judge.options));
    TRY_ASSIGN(prepared.models, models(cell));
    prepared.policy_hash = HashOfPart(cell.defense, runner.environment_->policy());
    runner.cells_.push_back(std::move(prepared));
  }
  return runner;
}

Trial TrialRunner::StartRow(const TrialIdentity& identity) const {
  const PreparedCell& prepared = cells_[identity.cell];
  const Task& task = environment_->tasks()[task_places_[identity.task]];
  Trial row;
  row.index = identity.index;
  row.cell = prepared.cell->id;
  row.task = task.id;
  row.seed = identity.seed;
  row.trial = identity.trial;
  row.task_hash = task.data_hash;
  row.policy_hash = prepared.policy_hash;
  row.judge_hash = prepared.judge_hash;
  return row;
}

TrialRecord TrialRunner::Skip(TrialIdentity identity, const Error& why) const {
  TrialRecord record{StartRow(identity), {}};
  SetError(why, record.row);
  return record;
}

Async<Expected<std::vector<TrialRecord>>> TrialRunner::Run(std::span<const TrialIdentity> trials,
                                                           Surroundings around) const {
  const std::size_t task = task_places_[trials.front().task];
  Hearing hearing{.config = *config_,
                  .environment = *environment_,
                  .task = task,
                  .draws = Draws(trials.front().seed, environment_->tasks()[task].id, trials.front().trial),
                  .limits = limits_,
                  .around = around,
                  .cells = {},
                  .records = {}};
  hearing.cells.reserve(trials.size());
  hearing.records.reserve(trials.size());
  for (const TrialIdentity& trial : trials) {
    hearing.cells.push_back(&cells_[trial.cell]);
    hearing.records.push_back({StartRow(trial), {}});
  }
  return Hear(std::move(hearing));
}

Async<Expected<TrialRecord>> TrialRunner::Run(TrialIdentity identity, Surroundings around) const {
  const TrialIdentity trials[] = {identity};
  CO_TRY_ASSIGN(std::vector<TrialRecord> records, co_await Run(trials, around));
  co_return std::move(records.front());
}

bool TrialRunner::Repeats(std::uint32_t cell) const {
  return dynamic_cast<const TurnKeeper*>(cells_[cell].models[Role::kAgent]) == nullptr;
}

Async<Expected<Trial>> TrialRunner::Rejudge(TrialIdentity identity, Trial before,
                                            std::shared_ptr<const Transcript> dialogue, Surroundings around) const {
  const PreparedCell& prepared = cells_[identity.cell];
  const std::size_t place = task_places_[identity.task];
  const Task& task = environment_->tasks()[place];
  Trial row = std::move(before);
  const Outcome outcome_before = row.outcome;
  row.judge_hash = prepared.judge_hash;
  row.success_query = 0;
  row.usage = RoleUsage();
  if (dialogue == nullptr) co_return row;
  const CallIdentity caller{row.cell, row.task, row.seed, row.trial, Role::kJudge, 0};
  const Draws draws(identity.seed, task.id, identity.trial);
  auto forking = environment_->Fork(place, {nullptr, prepared.models[Role::kJudge], caller, around});
  CO_TRY_ASSIGN(const auto environment, co_await forking);
  Goal goal;
  if (!prepared.attack.goal.name.empty()) {
    CO_TRY_ASSIGN(goal, environment->MakeGoal(prepared.attack.goal, draws));
  }
  const TrialContext context{task, goal, *environment, draws, prepared.models, caller, around};
  const auto judge = prepared.judge(context);
  auto assessment = co_await judge->Assess(task, goal, *dialogue);
  row.error_kind.reset();
  row.error_message.clear();
  if (!assessment) {
    if (assessment.error().kind == ErrorKind::kInterrupted) co_return std::unexpected(assessment.error());
    SetError(assessment.error(), row);
    co_return row;
  }
  SetJudged(std::move(*assessment), *dialogue, !prepared.attack.none, outcome_before, row);
  if (row.queries > 0 && row.outcome == Outcome::kAttackSucceeded) {
    CO_TRY_ASSIGN(row.success_query, co_await SuccessfulTry(*judge, task, goal, *dialogue));
  }
  co_return row;
}

}  // namespace xsweep
