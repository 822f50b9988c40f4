// own: the agent's own tools as an environment.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/declared/own_environment.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "episode/own_tools.h"
#include "parts/environments/declared/known.h"
#include "parts/environments/reward.h"
#include "parts/environments/simulated_user.h"

namespace xsweep {
namespace {

struct OwnSettings {
  Json tools = Json::MakeArray();
  std::string policy;
};

const Options<OwnSettings> kOwnOptions = {
    Opt("tools", &OwnSettings::tools,
        "The agent's tools that matter: names, or {name, description, parameters} as the agent offers them. Others "
        "stay "
        "unmediated.",
        {.required = true, .type = OptionType::kList}),
    Opt("policy", &OwnSettings::policy, "What the agent is told before the user's words; may be empty."),
};

/// What the agent is and what it may do; shared by all trials.
struct OwnFacts {
  EnvironmentInfo info;
  std::string policy;
  std::vector<ToolSchema> tools;
};

class OwnEnvironment final : public Environment, public ToolsElsewhere {
 public:
  OwnEnvironment(const OwnFacts& facts, const DeskTask& task, EnvironmentModels models)
      : facts_(facts), task_(task), models_(std::move(models)), user_(task_, guidelines_, models_) {}

  const Task& task() const override { return task_.task; }
  std::string_view policy() const override { return facts_.policy; }
  const std::vector<ToolSchema>& tools() const override { return facts_.tools; }
  Expected<Goal> MakeGoal(const GoalRequest& request, const Draws& /*draws*/) const override {
    return UserError(fmt::format("no goal is called `{}`; declare it under `goals:`", request.name), "attack.goal");
  }
  bool Attach(std::weak_ptr<ResultSource> source) const override {
    source_ = std::move(source);
    return true;
  }
  Async<Expected<ToolOutcome>> Call(const ToolCall& call) override {
    const auto source = source_.lock();
    if (source == nullptr)
      co_return EpisodeError("the environment `own` needs an agent behind the relay (`relay: upstream` or `shim`)",
                             "environment");
    auto coming = source->ResultOf(call);
    co_return co_await coming;
  }
  std::vector<Effect> Foresee(const ToolCall& /*call*/) const override { return {}; }
  Async<Expected<UserTurn>> Speak(const Conversation& conversation, Usage& usage) override {
    return user_.Speak(conversation, usage);
  }
  Async<Expected<TaskAssessment>> AssessTask(const Transcript& transcript) override {
    TaskAssessment parts;
    parts.communicated = Communicated(task(), transcript);
    parts.actions = ActionsTaken(task(), transcript);
    if (std::ranges::find(task().reward_basis, "NL_ASSERTION") != task().reward_basis.end()) {
      auto assessing = AssessAssertions(task(), transcript, models_, parts.usage);
      CO_TRY_ASSIGN(parts.nl_assertions, co_await assessing);
    }
    parts.success = CutByLimit(transcript.stop) ? std::optional(false) : CombineReward(task(), parts);
    co_return parts;
  }

 private:
  const OwnFacts& facts_;
  const DeskTask& task_;
  EnvironmentModels models_;
  const std::string guidelines_;
  SimulatedUser user_;
  mutable std::weak_ptr<ResultSource> source_;
};

class OwnSource final : public EnvironmentSource, public MayHideState {
 public:
  OwnSource(std::shared_ptr<const OwnFacts> facts, std::vector<DeskTask> tasks)
      : facts_(std::move(facts)), placed_(std::move(tasks)) {
    for (const DeskTask& task : placed_) tasks_.push_back(task.task);
  }
  const EnvironmentInfo& info() const override { return facts_->info; }
  const std::vector<Task>& tasks() const override { return tasks_; }
  std::string_view policy() const override { return facts_->policy; }
  const std::vector<ToolSchema>& tools() const override { return facts_->tools; }
  const std::vector<std::string>& goals() const override { return no_goals_; }
  bool shows_state() const override { return false; }
  Async<Expected<std::unique_ptr<Environment>>> Fork(std::size_t task, EnvironmentModels models) const override {
    CHECK(task < placed_.size(), "a fork was asked for a task that is not there");
    return Expected<std::unique_ptr<Environment>>(
        std::make_unique<OwnEnvironment>(*facts_, placed_[task], std::move(models)));
  }
  Expected<std::shared_ptr<const EnvironmentSource>> WithTasks(std::vector<Task> tasks) const override {
    std::vector<DeskTask> placed;
    for (Task& task : tasks) {
      if (task.reward_basis.empty()) task.reward_basis = {"ACTION", "COMMUNICATE"};
      task.solved_by_nothing = task.reference_actions.empty() && task.communicate.empty();
      std::string scenario = task.instruction;
      placed.push_back({std::move(task), std::move(scenario)});
    }
    return std::make_shared<OwnSource>(facts_, std::move(placed));
  }

 private:
  std::shared_ptr<const OwnFacts> facts_;
  std::vector<DeskTask> placed_;
  std::vector<Task> tasks_;
  std::vector<std::string> no_goals_;
};

Expected<ToolSchema> ReadTool(const Json& tool) {
  ToolSchema schema;
  schema.parameters = Json::MakeObject({{"type", "object"}, {"properties", Json::MakeObject()}});
  if (tool.is_string()) {
    schema.name = tool.AsString();
  } else {
    schema.name = tool.StringOr("name", "");
    schema.description = tool.StringOr("description", "");
    if (const Json* parameters = tool.Find("parameters"); parameters != nullptr && parameters->is_object())
      schema.parameters = *parameters;
  }
  if (schema.name.empty()) return UserError("is neither a name nor a mapping with a `name`", "environment.tools");
  return schema;
}

Expected<std::shared_ptr<const EnvironmentSource>> OpenOwn(const OwnSettings& settings) {
  auto facts = std::make_shared<OwnFacts>();
  for (const Json& tool : settings.tools.items()) {
    TRY_ASSIGN(ToolSchema schema, ReadTool(tool));
    facts->tools.push_back(std::move(schema));
  }
  if (facts->tools.empty()) return UserError("names no tool", "environment.tools");
  facts->info = {"own", "the agent's own tools", ShortHash(settings.tools.Dump()), false};
  facts->policy = settings.policy;
  std::vector<DeskTask> by_hand(1);
  by_hand.front().task.id = "by_hand";
  return std::make_shared<OwnSource>(std::move(facts), std::move(by_hand));
}

}  // namespace

EnvironmentEntry OwnEntry() {
  return EnvironmentEntry::Of(
      {.name = "own", .summary = "the agent's own tools, seen through the relay; tasks and goals are declared"},
      kOwnOptions, OpenOwn);
}

}  // namespace xsweep
