// What a worker says, read from its JSON.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/bridge/facts.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace xsweep {
namespace {

Expected<DeskTask> ReadBridgeTask(const Json& json) {
  DeskTask out;
  Task& task = out.task;
  task.id = json.StringOr("id", "");
  if (task.id.empty()) return UserError("the worker has a task without an id", "environment python");
  task.data_hash = ShortHash(json.Dump());
  task.instruction = json.StringOr("instruction", "");
  task.user_id = json.StringOr("user_id", "");
  out.scenario = json.StringOr("scenario", task.instruction);
  task.communicate = ReadTexts(json.Find("communicate"));
  task.nl_assertions = ReadTexts(json.Find("nl_assertions"));
  task.reward_basis = ReadTexts(json.Find("reward_basis"));
  if (task.reward_basis.empty()) task.reward_basis = {"DB", "COMMUNICATE"};
  task.reference_actions = ReadCalls(json.Find("reference_actions"));
  for (std::size_t i = 0; i < task.reference_actions.size(); ++i) {
    task.reference_actions[i].id = fmt::format("ref_{}", i);
  }
  return out;
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

}  // namespace

std::vector<std::string> ReadTexts(const Json* list) {
  std::vector<std::string> out;
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& item : list->items()) {
    if (item.is_string()) out.push_back(item.AsString());
  }
  return out;
}

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

Expected<BridgeFacts> ReadFacts(const Json& opened, const std::string& hash) {
  BridgeFacts facts;
  facts.info = {std::string(opened.StringOr("name", "python")),
                std::string(opened.StringOr("version", "unknown version")), hash, true};
  facts.policy = opened.StringOr("policy", "");
  const Json* tools = opened.Find("tools");
  TRY_ASSIGN(facts.tools, ReadToolSchemas(tools == nullptr ? "[]" : tools->Dump(), "the worker's tools"));
  const Json* users = opened.Find("user_tools");
  TRY_ASSIGN(facts.user_tools,
             ReadToolSchemas(users == nullptr ? "[]" : users->Dump(), "the worker's tools of the user"));
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

}  // namespace xsweep
