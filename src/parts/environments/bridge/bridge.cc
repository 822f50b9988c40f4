// Bridge: an environment that lives in a worker process.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/bridge/bridge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "parts/environments/bridge/facts.h"
#include "parts/environments/bridge/sessions.h"
#include "parts/environments/reward.h"
#include "parts/environments/simulated_user.h"

namespace xsweep {
namespace {

class BridgeSource;

class BridgeEnvironment final : public Environment {
 public:
  BridgeEnvironment(const BridgeSource& source, const DeskTask& task, BridgeSession session, EnvironmentModels models);
  ~BridgeEnvironment() override;

  const Task& task() const override { return task_.task; }
  std::string_view policy() const override;
  const std::vector<ToolSchema>& tools() const override;
  const std::vector<Vector>& vectors() const override;
  Expected<Goal> MakeGoal(const GoalRequest& request, const Draws& draws) const override;
  Async<Expected<ToolOutcome>> Call(const ToolCall& call) override { return Execute(call, false); }
  std::vector<Effect> Foresee(const ToolCall& call) const override;
  Async<Expected<UserTurn>> Speak(const Conversation& conversation, Usage& usage) override {
    return user_.Speak(conversation, usage);
  }
  Async<Expected<TaskAssessment>> AssessTask(const Transcript& transcript) override;
  Async<Expected<std::vector<Planting>>> Plant(std::vector<Planting> what, const Goal& goal) override;
  Async<Expected<std::vector<Effect>>> EndEffects(const Transcript& transcript, const Goal& goal) override;
  Async<Expected<StateView>> Observe() override;
  std::vector<std::string> notes() const override { return notes_; }

 private:
  Async<Expected<ToolOutcome>> Execute(ToolCall call, bool by_user);
  UserTools ToolsOfUser();

  const BridgeSource& source_;
  DeskTask task_;  ///< its reference may depend on what was planted
  BridgeSession session_;
  EnvironmentModels models_;
  const std::string guidelines_;
  SimulatedUser user_;
  std::vector<std::string> notes_;
};

class BridgeSource final : public EnvironmentSource {
 public:
  BridgeSource(BridgeFacts facts, std::shared_ptr<BridgeWorkers> workers, bool own_tasks = true)
      : facts_(std::move(facts)), workers_(std::move(workers)), own_tasks_(own_tasks) {
    for (const DeskTask& task : facts_.tasks) tasks_.push_back(task.task);
    for (const BridgeGoal& goal : facts_.goals) goals_.push_back(goal.name);
  }
  const EnvironmentInfo& info() const override { return facts_.info; }
  const std::vector<Task>& tasks() const override { return tasks_; }
  std::string_view policy() const override { return facts_.policy; }
  const std::vector<ToolSchema>& tools() const override { return facts_.tools; }
  const std::vector<std::string>& goals() const override { return goals_; }
  const std::vector<Vector>& vectors() const override { return facts_.vectors; }
  Async<Expected<std::unique_ptr<Environment>>> Fork(std::size_t task, EnvironmentModels models) const override {
    CHECK(task < facts_.tasks.size(), "a fork was asked for a task that is not there");
    auto taking = workers_->Take();
    auto session = co_await taking;
    if (!session) {
      Error why = std::move(session).error();
      // A worker that cannot be started anew costs this trial and not the run. Stopping the run is no failure.
      if (why.kind != ErrorKind::kInterrupted) why = {ErrorKind::kEpisode, why.Text(), "environment python"};
      co_return std::unexpected(std::move(why));
    }
    Json more = Json::MakeObject({{"task", own_tasks_ ? Json(tasks_[task].id) : facts_.first_task},
                                  {"user", models.user == nullptr ? "scripted" : "model"}});
    auto starting = session->Ask(facts_.protocol >= 2 ? "start" : "reset", std::move(more));
    auto started = co_await starting;
    if (!started) {
      // There will be no environment whose end gives it back.
      workers_->Return(session->worker());
      co_return std::unexpected(std::move(started).error());
    }
    co_return Expected<std::unique_ptr<Environment>>(
        std::make_unique<BridgeEnvironment>(*this, facts_.tasks[task], std::move(*session), std::move(models)));
  }
  Expected<std::shared_ptr<const EnvironmentSource>> WithTasks(std::vector<Task> tasks) const override {
    BridgeFacts facts = facts_;
    facts.tasks.clear();
    for (Task& task : tasks) {
      // The worker knows nothing of these tasks, so it cannot compare states (DB): calls and words decide.
      if (task.reward_basis.empty()) task.reward_basis = {"ACTION", "COMMUNICATE"};
      std::string scenario = task.instruction;
      facts.tasks.push_back({std::move(task), std::move(scenario)});
    }
    return std::make_shared<BridgeSource>(std::move(facts), workers_, false);
  }
  BridgeWorkers& workers() const { return *workers_; }
  const BridgeFacts& facts() const { return facts_; }
  bool own_tasks() const { return own_tasks_; }

 private:
  BridgeFacts facts_;
  std::vector<Task> tasks_;
  std::vector<std::string> goals_;
  std::shared_ptr<BridgeWorkers> workers_;
  const bool own_tasks_;  ///< the worker knows the tasks, and grades them
};

BridgeEnvironment::BridgeEnvironment(const BridgeSource& source, const DeskTask& task, BridgeSession session,
                                     EnvironmentModels models)
    : source_(source),
      task_(task),
      session_(std::move(session)),
      models_(std::move(models)),
      user_(task_, guidelines_, models_, ToolsOfUser()) {}

BridgeEnvironment::~BridgeEnvironment() { source_.workers().Return(session_.worker()); }

std::string_view BridgeEnvironment::policy() const { return source_.policy(); }
const std::vector<ToolSchema>& BridgeEnvironment::tools() const { return source_.tools(); }
const std::vector<Vector>& BridgeEnvironment::vectors() const { return source_.vectors(); }

Expected<Goal> BridgeEnvironment::MakeGoal(const GoalRequest& request, const Draws& /*draws*/) const {
  const auto& goals = source_.facts().goals;
  const auto found = std::ranges::find(goals, request.name, &BridgeGoal::name);
  if (found == goals.end()) {
    return UserError(fmt::format("the worker has no goal `{}`; declare it under `goals:`", request.name),
                     "attack.goal");
  }
  Goal goal;
  goal.name = found->name;
  goal.description = found->text;
  goal.calls = found->calls;
  goal.effect_kind = found->task_fails ? std::string(kTaskFailed) : "goal:" + found->name;
  return goal;
}

UserTools BridgeEnvironment::ToolsOfUser() {
  if (source_.facts().user_tools.empty()) return {};
  return {.tools = &source_.facts().user_tools, .call = [this](const ToolCall& call) {
            // A call of the user is no turn of the dialogue: in the transcript nothing but this note tells of it.
            notes_.push_back(fmt::format("the user called {} {}", call.name, call.arguments.Dump()));
            return Execute(call, true);
          }};
}

Async<Expected<ToolOutcome>> BridgeEnvironment::Execute(ToolCall call, bool by_user) {
  Json more = Json::MakeObject({{"name", call.name}, {"arguments", call.arguments}});
  if (by_user) more.Set("by", "user");
  auto asking = session_.Ask("call", std::move(more));
  CO_TRY_ASSIGN(const Json answer, co_await asking);
  const Json* content = answer.Find("content");
  if (content == nullptr || !content->is_string()) {
    co_return EpisodeError("the worker answered a call without a text `content`", "environment python");
  }
  ToolOutcome outcome;
  outcome.content = content->AsString();
  outcome.error = answer.BoolOr("error", false);
  outcome.ends_dialogue = answer.BoolOr("done", false);
  if (const Json* structured = answer.Find("structured")) outcome.structured = *structured;
  outcome.effects = ReadEffects(answer.Find("effects"));
  co_return outcome;
}

/// The worker is not asked what a call would do; that it is one of a goal's own says what it was for.
std::vector<Effect> BridgeEnvironment::Foresee(const ToolCall& call) const {
  std::vector<Effect> effects;
  for (const BridgeGoal& goal : source_.facts().goals) {
    const auto same = [&](const ToolCall& one) { return one.name == call.name && one.arguments == call.arguments; };
    if (std::ranges::any_of(goal.calls, same)) {
      Effect& effect = effects.emplace_back();
      effect.kind = "goal:" + goal.name;
      effect.permitted = false;
      effect.rule = "a call of the goal";
    }
  }
  return effects;
}

Async<Expected<std::vector<Planting>>> BridgeEnvironment::Plant(std::vector<Planting> what, const Goal& goal) {
  std::vector<Planting> planted;
  if (what.empty()) co_return planted;
  Json list = Json::MakeArray();
  for (const Planting& planting : what) {
    list.Append(Json::MakeObject({{"vector", planting.vector}, {"text", planting.text}, {"attack", planting.attack}}));
  }
  Json more = Json::MakeObject({{"plantings", std::move(list)}, {"goal", goal.name}});
  auto asking = session_.Ask("plant", std::move(more));
  CO_TRY_ASSIGN(const Json answer, co_await asking);
  for (std::string& note : ReadTexts(answer.Find("notes"))) notes_.push_back(std::move(note));
  if (const Json* calls = answer.Find("reference_actions")) task_.task.reference_actions = ReadCalls(calls);
  const Json* stands = answer.Find("planted");
  for (std::size_t i = 0; stands != nullptr && stands->is_array() && i < stands->size(); ++i) {
    const Json& one = stands->items()[i];
    planted.push_back({std::string(one.StringOr("vector", "")), std::string(one.StringOr("text", ""))});
  }
  co_return planted;
}

Async<Expected<std::vector<Effect>>> BridgeEnvironment::EndEffects(const Transcript& transcript, const Goal& goal) {
  std::vector<Effect> effects;
  const auto& goals = source_.facts().goals;
  const auto found = std::ranges::find(goals, goal.name, &BridgeGoal::name);
  // Whether the task failed is found with the task (episode/judging); declared goals are not known to the worker.
  if (goal.name.empty() || found == goals.end() || found->task_fails) co_return effects;
  Json more = Json::MakeObject({{"goal", goal.name}, {"messages", MessagesOf(transcript)}});
  auto asking = session_.Ask("goal", std::move(more));
  CO_TRY_ASSIGN(const Json answer, co_await asking);
  effects = ReadEffects(answer.Find("effects"));
  const Json* reached = answer.Find("reached");
  if (reached == nullptr || !reached->is_bool()) {
    co_return EpisodeError("the worker did not say whether the goal was reached", "environment python");
  }
  if (reached->AsBool()) {
    Effect& effect = effects.emplace_back();
    effect.kind = goal.effect_kind;
    effect.permitted = false;
    effect.rule = "the worker's own check";
  }
  co_return effects;
}

Async<Expected<StateView>> BridgeEnvironment::Observe() {
  if (!source_.facts().shows_state) co_return StateView();
  auto asking = session_.Ask("state");
  CO_TRY_ASSIGN(const Json answer, co_await asking);
  StateView view;
  if (const Json* before = answer.Find("before")) view.before = *before;
  if (const Json* after = answer.Find("after")) view.after = *after;
  co_return view;
}

Async<Expected<TaskAssessment>> BridgeEnvironment::AssessTask(const Transcript& transcript) {
  TaskAssessment parts;
  parts.state_difference = Json::MakeArray();
  parts.communicated = Communicated(task(), transcript);
  parts.actions = ActionsTaken(task(), transcript);
  Json graded = Json::MakeObject();
  if (source_.own_tasks()) {
    Json more = Json::MakeObject({{"messages", MessagesOf(transcript)}});
    auto asking = session_.Ask("reward", std::move(more));
    CO_TRY_ASSIGN(graded, co_await asking);
  }
  if (const Json* database = graded.Find("database"); database != nullptr && database->is_bool())
    parts.database = database->AsBool();
  if (const Json* difference = graded.Find("difference")) parts.state_difference = *difference;
  // As at the native desks a dialogue that a limit cut off is a failure, whatever the worker makes of its end.
  if (CutByLimit(transcript.stop)) {
    parts.success = false;
  } else if (const Json* reward = graded.Find("reward"); reward != nullptr && reward->is_number()) {
    parts.success = reward->AsDouble() >= 1 - 1e-6;
  } else {
    parts.success = CombineReward(task(), parts);
  }
  co_return parts;
}

struct BridgeSettings {
  std::vector<std::string> command;
  std::optional<std::string> data;
  double timeout = 60;
  std::optional<int> workers;
};

const Options<BridgeSettings> kBridgeOptions = {
    Opt("command", &BridgeSettings::command,
        "The worker and its arguments, e.g. [python3, tools/xsweep_bridge.py, tau2, telecom].",
        {.minimum = 1, .required = true}),
    Opt("data", &BridgeSettings::data, "Handed to the worker as it is."),
    Opt("timeout", &BridgeSettings::timeout, "Seconds that one answer may take.", {.minimum = 0.01, .maximum = 86400}),
    Opt("workers", &BridgeSettings::workers, "Workers that share all episodes; 1 when absent.",
        {.minimum = 1, .maximum = 256})};

Expected<std::shared_ptr<const EnvironmentSource>> OpenBridge(const BridgeSettings& settings) {
  const auto time_limit = std::chrono::milliseconds(std::llround(settings.timeout * 1000));
  auto workers = std::make_shared<BridgeWorkers>(settings.command, settings.data.value_or(""),
                                                 settings.workers.value_or(1), time_limit);
  auto opened = RunNow(workers->Open());
  if (!opened) return UserError(opened.error().Text(), "environment python");
  auto hash = RunNow(opened->first->Ask("hash", Json::MakeObject()));
  // A fingerprint of the data is optional: a worker that answers with an error has none, and works all the same.
  const std::string initial = hash && hash->is_string() ? hash->AsString() : "";
  TRY_ASSIGN(BridgeFacts facts, ReadFacts(opened->second, initial));
  workers->Keep(std::move(opened->first));
  return std::make_shared<BridgeSource>(std::move(facts), std::move(workers));
}

}  // namespace

EnvironmentEntry BridgeEntry() {
  return EnvironmentEntry::Of(
      {.name = "python", .summary = "an environment in a worker process: other tau2 domains, or your own"},
      kBridgeOptions, OpenBridge);
}

}  // namespace xsweep
