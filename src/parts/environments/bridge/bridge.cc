// Bridge: an environment that lives in a worker process.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/bridge/bridge.h"

#include <fmt/format.h>

#include <cmath>

#include "base/hash.h"
#include "base/text.h"
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

struct BridgeFacts {
  EnvironmentInfo info;
  std::string policy;
  std::vector<ToolSchema> tools;
  std::vector<DeskTask> tasks;
};

Expected<BridgeFacts> ReadFacts(const Json& opened, const std::string& hash) {
  BridgeFacts facts;
  facts.info = {std::string(opened.StringOr("name", "python")),
                std::string(opened.StringOr("version", "unknown version")), hash, true};
  facts.policy = opened.StringOr("policy", "");
  const Json* tools = opened.Find("tools");
  TRY_ASSIGN(facts.tools, ReadToolSchemas(tools == nullptr ? "[]" : tools->Dump(), "the worker's tools"));
  const Json* tasks = opened.Find("tasks");
  if (tasks == nullptr || !tasks->is_array() || tasks->size() == 0)
    return UserError("the worker has no tasks", "environment python");
  for (const Json& json : tasks->items()) {
    TRY_ASSIGN(DeskTask task, ReadBridgeTask(json));
    facts.tasks.push_back(std::move(task));
  }
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

/// Starts workers and keeps those that are idle. Thread-safe: it owns the only state that trials share.
class Workers {
 public:
  Workers(std::vector<std::string> command, std::string data, std::chrono::milliseconds time_limit)
      : command_(std::move(command)), data_(std::move(data)), time_limit_(time_limit) {}

  Expected<std::pair<BridgeClient, Json>> Open() const {
    TRY_ASSIGN(BridgeClient client, BridgeClient::Start(command_, time_limit_));
    TRY_ASSIGN(Json opened, client.Ask("open", {{"data", data_}}));
    return std::pair(std::move(client), std::move(opened));
  }
  Expected<BridgeClient> Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        BridgeClient client = std::move(idle_.back());
        idle_.pop_back();
        return client;
      }
    }
    TRY_ASSIGN(auto opened, Open());
    return std::move(opened.first);
  }
  void Return(BridgeClient client) {
    if (!client.alive()) return;
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(client));
  }

 private:
  const std::vector<std::string> command_;
  const std::string data_;
  const std::chrono::milliseconds time_limit_;
  std::mutex mutex_;
  std::vector<BridgeClient> idle_;
};

class BridgeSource;

class BridgeEnvironment final : public Environment {
 public:
  BridgeEnvironment(const BridgeSource& source, const DeskTask& task, BridgeClient client, EnvironmentModels models);
  ~BridgeEnvironment() override;

  const Task& task() const override { return task_.task; }
  std::string_view policy() const override;
  const std::vector<ToolSchema>& tools() const override;
  Expected<Goal> MakeGoal(const GoalRequest& request, const Draws& /*draws*/) const override {
    return UserError(fmt::format("a bridged environment has no attack goals, so no `{}`", request.name), "attack.goal");
  }
  Async<Expected<ToolOutcome>> Call(const ToolCall& call) override {
    return Async<Expected<ToolOutcome>>(Execute(call));
  }
  std::vector<Effect> Foresee(const ToolCall& /*call*/) const override { return {}; }
  Async<Expected<UserTurn>> Speak(const Conversation& conversation, Usage& usage) override {
    return user_.Speak(conversation, usage);
  }
  Async<Expected<TaskAssessment>> AssessTask(const Transcript& transcript) override;

 private:
  Expected<ToolOutcome> Execute(const ToolCall& call);

  const BridgeSource& source_;
  const DeskTask& task_;
  BridgeClient client_;
  EnvironmentModels models_;
  const std::string guidelines_;
  SimulatedUser user_;
};

class BridgeSource final : public EnvironmentSource {
 public:
  BridgeSource(BridgeFacts facts, std::unique_ptr<Workers> workers)
      : facts_(std::move(facts)), workers_(std::move(workers)) {
    for (const DeskTask& task : facts_.tasks) tasks_.push_back(task.task);
  }
  const EnvironmentInfo& info() const override { return facts_.info; }
  const std::vector<Task>& tasks() const override { return tasks_; }
  std::string_view policy() const override { return facts_.policy; }
  const std::vector<ToolSchema>& tools() const override { return facts_.tools; }
  const std::vector<std::string>& goals() const override { return no_goals_; }
  Async<Expected<std::unique_ptr<Environment>>> Fork(std::size_t task, EnvironmentModels models) const override {
    return ForkNow(task, std::move(models));
  }
  Workers& workers() const { return *workers_; }

 private:
  Expected<std::unique_ptr<Environment>> ForkNow(std::size_t task, EnvironmentModels models) const {
    CHECK(task < facts_.tasks.size(), "a fork was asked for a task that is not there");
    auto client = workers_->Take();
    if (!client) return EpisodeError(client.error().Text(), "environment python");
    TRY(client->Ask("reset", {{"task", tasks_[task].id}}));
    return std::make_unique<BridgeEnvironment>(*this, facts_.tasks[task], std::move(*client), std::move(models));
  }

  BridgeFacts facts_;
  std::vector<Task> tasks_;
  std::vector<std::string> no_goals_;
  std::unique_ptr<Workers> workers_;
};

BridgeEnvironment::BridgeEnvironment(const BridgeSource& source, const DeskTask& task, BridgeClient client,
                                     EnvironmentModels models)
    : source_(source),
      task_(task),
      client_(std::move(client)),
      models_(std::move(models)),
      user_(task_, guidelines_, models_) {}

BridgeEnvironment::~BridgeEnvironment() { source_.workers().Return(std::move(client_)); }

std::string_view BridgeEnvironment::policy() const { return source_.policy(); }
const std::vector<ToolSchema>& BridgeEnvironment::tools() const { return source_.tools(); }

Expected<ToolOutcome> BridgeEnvironment::Execute(const ToolCall& call) {
  TRY_ASSIGN(const Json answer, client_.Ask("call", {{"name", call.name}, {"arguments", call.arguments}}));
  const Json* content = answer.Find("content");
  if (content == nullptr || !content->is_string())
    return EpisodeError("the worker answered a call without a text `content`", "environment python");
  ToolOutcome outcome;
  outcome.content = content->AsString();
  outcome.error = answer.BoolOr("error", false);
  outcome.ends_dialogue = answer.BoolOr("done", false);
  return outcome;
}

Async<Expected<TaskAssessment>> BridgeEnvironment::AssessTask(const Transcript& transcript) {
  auto graded = client_.Ask("reward", {{"messages", MessagesOf(transcript)}});
  if (!graded) co_return std::unexpected(std::move(graded).error());
  TaskAssessment parts;
  parts.state_difference = Json::MakeArray();
  parts.communicated = Communicated(task(), transcript);
  parts.actions = ActionsTaken(task(), transcript);
  if (const Json* database = graded->Find("database"); database != nullptr && database->is_bool())
    parts.database = database->AsBool();
  const bool cut = transcript.stop == "max_turns" || transcript.stop == "max_calls" || transcript.stop == "tool_errors";
  if (cut) {
    parts.success = false;
  } else if (const Json* reward = graded->Find("reward"); reward != nullptr && reward->is_number()) {
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
};

const Options<BridgeSettings> kBridgeOptions = {
    Opt("command", &BridgeSettings::command,
        "The worker and its arguments, e.g. [python3, tools/xsweep_bridge.py, tau2, telecom].",
        {.minimum = 1, .required = true}),
    Opt("data", &BridgeSettings::data, "Handed to the worker as it is."),
    Opt("timeout", &BridgeSettings::timeout, "Seconds that one answer may take.", {.minimum = 0.01, .maximum = 86400})};

Expected<std::shared_ptr<const EnvironmentSource>> OpenBridge(const BridgeSettings& settings) {
  const auto time_limit = std::chrono::milliseconds(std::llround(settings.timeout * 1000));
  auto workers = std::make_unique<Workers>(settings.command, settings.data.value_or(""), time_limit);
  auto opened = workers->Open();
  if (!opened) return UserError(opened.error().Text(), "environment python");
  auto hash = opened->first.Ask("hash");
  const std::string initial = hash && hash->is_string() ? hash->AsString() : "";
  TRY_ASSIGN(BridgeFacts facts, ReadFacts(opened->second, initial));
  workers->Return(std::move(opened->first));
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
