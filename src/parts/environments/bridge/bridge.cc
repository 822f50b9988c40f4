// Bridge: an environment that lives in a worker process.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/bridge/bridge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "base/text.h"
#include "parts/environments/bridge/sessions.h"
#include "parts/environments/reward.h"
#include "parts/environments/scenario.h"
#include "parts/environments/simulated_user.h"

namespace xsweep {
namespace {

std::vector<std::string> Texts(const Json* list) {
  std::vector<std::string> out;
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& item : list->items()) {
    if (item.is_string()) out.push_back(item.AsString());
  }
  return out;
}

Expected<DeskTask> ReadBridgeTask(const Json& json) {
  DeskTask out;
  Task& task = out.task;
  task.id = json.StringOr("id", "");
  if (task.id.empty()) return UserError("the worker has a task without an id", "environment python");
  task.data_hash = ShortHash(json.Dump());
  task.instruction = json.StringOr("instruction", "");
  task.user_id = json.StringOr("user_id", "");
  out.scenario = json.StringOr("scenario", task.instruction);
  task.communicate = Texts(json.Find("communicate"));
  task.nl_assertions = Texts(json.Find("nl_assertions"));
  task.reward_basis = Texts(json.Find("reward_basis"));
  if (task.reward_basis.empty()) task.reward_basis = {"DB", "COMMUNICATE"};
  const Json* actions = json.Find("reference_actions");
  if (actions == nullptr || !actions->is_array()) return out;
  for (const Json& action : actions->items()) {
    const Json* arguments = action.Find("arguments");
    task.reference_actions.push_back({fmt::format("ref_{}", task.reference_actions.size()),
                                      std::string(action.StringOr("name", "")),
                                      arguments == nullptr ? Json::MakeObject() : *arguments});
  }
  return out;
}

struct BridgeGoal {
  std::string name;
  std::string text;
  std::vector<ToolCall> calls;
  bool task_fails = false;
};

struct BridgeFacts {
  EnvironmentInfo info;
  int protocol = 1;
  std::string policy;
  std::vector<ToolSchema> tools;
  std::vector<DeskTask> tasks;
  Json first_task;  ///< the id of the worker's first task, or null: where episodes of declared tasks start
  std::vector<BridgeGoal> goals;
  std::vector<Vector> vectors;
  bool shows_state = false;
};

std::vector<ToolCall> ReadCalls(const Json* list) {
  std::vector<ToolCall> calls;
  for (std::size_t i = 0; list != nullptr && list->is_array() && i < list->size(); ++i) {
    const Json& call = list->items()[i];
    const Json* arguments = call.Find("arguments");
    calls.push_back(
        {{}, std::string(call.StringOr("name", "")), arguments == nullptr ? Json::MakeObject() : *arguments});
  }
  return calls;
}

std::vector<Effect> ReadEffects(const Json* list) {
  std::vector<Effect> effects;
  for (std::size_t i = 0; list != nullptr && list->is_array() && i < list->size(); ++i) {
    const Json& given = list->items()[i];
    Effect& effect = effects.emplace_back();
    effect.kind = given.StringOr("kind", "");
    effect.subject = given.StringOr("subject", "");
    effect.amount_usd = given.DoubleOr("amount_usd", 0);
    effect.owed_usd = given.DoubleOr("owed_usd", 0);
    effect.permitted = given.BoolOr("permitted", false);
    effect.rule = given.StringOr("rule", "the worker says so");
  }
  return effects;
}

void ReadAttackSide(const Json& opened, BridgeFacts& facts) {
  const Json* goals = opened.Find("goals");
  for (std::size_t i = 0; goals != nullptr && goals->is_array() && i < goals->size(); ++i) {
    const Json& goal = goals->items()[i];
    facts.goals.push_back({std::string(goal.StringOr("name", "")), std::string(goal.StringOr("text", "")),
                           ReadCalls(goal.Find("calls")), goal.StringOr("fails", "") == "task"});
  }
  const Json* vectors = opened.Find("vectors");
  for (std::size_t i = 0; vectors != nullptr && vectors->is_array() && i < vectors->size(); ++i) {
    const Json& vector = vectors->items()[i];
    const std::string tool(vector.StringOr("tool", ""));
    facts.vectors.push_back({std::string(vector.StringOr("name", "")), tool,
                             std::string(vector.StringOr("pointer", "")),
                             vector.StringOr("position", "append") == "replace", tool.empty()});
  }
}

Expected<BridgeFacts> ReadFacts(const Json& opened, const std::string& hash) {
  BridgeFacts facts;
  facts.info = {std::string(opened.StringOr("name", "python")),
                std::string(opened.StringOr("version", "unknown version")), hash, true};
  facts.policy = opened.StringOr("policy", "");
  const Json* tools = opened.Find("tools");
  TRY_ASSIGN(facts.tools, ReadToolSchemas(tools == nullptr ? "[]" : tools->Dump(), "the worker's tools"));
  const Json* tasks = opened.Find("tasks");
  facts.protocol = static_cast<int>(opened.IntOr("protocol", 1));
  const bool none = tasks == nullptr || !tasks->is_array() || tasks->size() == 0;
  if (none && facts.protocol < 2) return UserError("the worker has no tasks", "environment python");
  for (std::size_t i = 0; !none && i < tasks->size(); ++i) {
    TRY_ASSIGN(DeskTask task, ReadBridgeTask(tasks->items()[i]));
    facts.tasks.push_back(std::move(task));
  }
  if (!none) facts.first_task = facts.tasks.front().task.id;
  facts.shows_state = opened.BoolOr("state", false);
  ReadAttackSide(opened, facts);
  return facts;
}

/// The dialogue for the worker's own grading.
Json MessagesOf(const Transcript& transcript) {
  Json list = Json::MakeArray();
  for (const Step& step : transcript.steps) {
    const bool agent = step.kind == StepKind::kAgent;
    if (!agent && step.kind != StepKind::kUser && step.kind != StepKind::kTool) continue;
    Json message = Json::MakeObject({{"role", agent                          ? "assistant"
                                              : step.kind == StepKind::kUser ? "user"
                                                                             : "tool"},
                                     {"content", step.shown}});
    if (agent && !step.calls.empty()) {
      Json calls = Json::MakeArray();
      for (const ToolCall& call : step.calls)
        calls.Append(Json::MakeObject({{"name", call.name}, {"arguments", call.arguments}}));
      message.Set("calls", std::move(calls));
    }
    list.Append(std::move(message));
  }
  return list;
}

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
  Async<Expected<ToolOutcome>> Call(const ToolCall& call) override;
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
      if (why.kind != ErrorKind::kInterrupted) why = {ErrorKind::kEpisode, why.Text(), "environment python"};
      co_return std::unexpected(std::move(why));
    }
    Json more = Json::MakeObject({{"task", own_tasks_ ? Json(tasks_[task].id) : facts_.first_task}});
    auto starting = session->Ask(facts_.protocol >= 2 ? "start" : "reset", std::move(more));
    auto started = co_await starting;
    if (!started) {
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
      user_(task_, guidelines_, models_) {}

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

Async<Expected<ToolOutcome>> BridgeEnvironment::Call(const ToolCall& call) {
  Json more = Json::MakeObject({{"name", call.name}, {"arguments", call.arguments}});
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
  for (std::string& note : Texts(answer.Find("notes"))) notes_.push_back(std::move(note));
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
  const bool cut = transcript.stop == "max_turns" || transcript.stop == "max_calls" || transcript.stop == "tool_errors";
  if (cut) {
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
  const std::string initial = hash && hash->is_string() ? hash->AsString() : "";
  TRY_ASSIGN(BridgeFacts facts, ReadFacts(opened->second, initial));
  workers->Keep(std::move(opened->first));
  return std::make_shared<BridgeSource>(std::move(facts), std::move(workers));
}

}  // namespace

Expected<BridgeClient> BridgeClient::Start(const std::vector<std::string>& command,
                                           std::chrono::milliseconds time_limit) {
  TRY_ASSIGN(auto worker, Worker::Start(command));
  return BridgeClient(std::move(worker), time_limit);
}

Expected<Json> BridgeClient::Ask(std::string_view what, std::initializer_list<Json::Member> more) {
  Json request = Json::MakeObject({{"do", what}});
  for (const auto& [key, value] : more) request.Set(key, value);
  const auto line = worker_->Ask(request.Dump(), time_limit_);
  if (!line) return EpisodeError(line.error().Text(), fmt::format("worker, {}", what));
  const auto answer = Json::Parse(*line);
  const Json* ok = answer ? answer->Find("ok") : nullptr;
  if (ok != nullptr) return *ok;
  const Json* error = answer ? answer->Find("error") : nullptr;
  if (error != nullptr)
    return EpisodeError(error->is_string() ? Printable(error->AsString(), 400) : error->Dump(),
                        fmt::format("worker, {}", what));
  // Out of step, it would answer the next question with the rest of this one: it must not be asked again.
  worker_->Stop();
  return EpisodeError("the worker answered garbage: " + Printable(*line), fmt::format("worker, {}", what));
}

EnvironmentEntry BridgeEntry() {
  return EnvironmentEntry::Of(
      {.name = "python", .summary = "an environment in a worker process: other tau2 domains, or your own"},
      kBridgeOptions, OpenBridge);
}

}  // namespace xsweep
