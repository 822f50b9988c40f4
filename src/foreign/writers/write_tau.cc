// WriteTau: our rows and transcripts as entries of the result files of tau-bench v1 and tau2-bench.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/write_tau.h"

#include <fmt/format.h>

#include <algorithm>

namespace xsweep {
namespace {

Json Nullable(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json CallsAsJson(const std::vector<ToolCall>& calls, bool tau1) {
  Json list = Json::MakeArray();
  for (const ToolCall& call : calls) {
    if (tau1) {
      list.Append(Json::MakeObject(
          {{"id", call.id},
           {"type", "function"},
           {"function", Json::MakeObject({{"name", call.name}, {"arguments", call.arguments.Dump()}})}}));
    } else {
      list.Append(Json::MakeObject(
          {{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}, {"requestor", "assistant"}}));
    }
  }
  return list;
}

/// The dialogue as each side saw it; decisions of defenses and attacks have no place in either format.
Json Messages(const Transcript& transcript, bool tau1) {
  Json list = Json::MakeArray();
  if (tau1) list.Append(Json::MakeObject({{"role", "system"}, {"content", transcript.system}}));
  for (const Step& step : transcript.steps) {
    Json message = Json::MakeObject();
    if (step.kind == StepKind::kUser) message = Json::MakeObject({{"role", "user"}, {"content", step.shown}});
    if (step.kind == StepKind::kAgent) {
      message = Json::MakeObject({{"role", "assistant"}, {"content", Nullable(step.shown)}});
      if (!step.calls.empty()) message.Set("tool_calls", CallsAsJson(step.calls, tau1));
    }
    if (step.kind == StepKind::kTool && step.call >= 0) {
      const CallRecord& record = transcript.calls[static_cast<std::size_t>(step.call)];
      message = tau1 ? Json::MakeObject({{"role", "tool"},
                                         {"tool_call_id", record.call.id},
                                         {"name", record.call.name},
                                         {"content", step.shown}})
                     : Json::MakeObject({{"id", record.call.id},
                                         {"role", "tool"},
                                         {"content", step.shown},
                                         {"requestor", "assistant"},
                                         {"error", record.fate != CallFate::kExecuted}});
    }
    if (message.size() == 0) continue;
    if (!tau1) message.Set("turn_idx", static_cast<std::int64_t>(list.size()));
    list.Append(std::move(message));
  }
  return list;
}

double RewardOf(const Trial& row) { return row.task_success.value_or(false) ? 1.0 : 0.0; }

Json CostOf(const Usage& usage) {
  return usage.cost_known ? Json(static_cast<double>(usage.cost_nano_usd) / 1e9) : Json();
}

Json ListOf(const std::vector<std::string>& texts) {
  Json list = Json::MakeArray();
  for (const std::string& text : texts) list.Append(text);
  return list;
}

Json ActionsOf(const Task& task) {
  Json list = Json::MakeArray();
  for (const ToolCall& call : task.reference_actions)
    list.Append(Json::MakeObject({{"name", call.name}, {"kwargs", call.arguments}}));
  return list;
}

std::string Tau2Reason(const Trial& row) {
  if (row.outcome == Outcome::kError || row.outcome == Outcome::kSkipped) return "infrastructure_error";
  switch (row.stop) {
    case Stop::kMaxTurns:
    case Stop::kMaxCalls: return "max_steps";
    case Stop::kToolErrors: return "too_many_errors";
    case Stop::kTransfer: return std::string(NameOf(Stop::kAgentStop));
    case Stop::kNone:
    case Stop::kUserStop:
    case Stop::kAgentStop:
    case Stop::kUnanswered:
    case Stop::kError: break;
  }
  return std::string(NameOf(row.stop));
}

}  // namespace

Json AsTau1Entry(const Task& task, const Trial& row, std::uint32_t trial, const Transcript* transcript) {
  Json info = Json::MakeObject({{"task", Json::MakeObject({{"user_id", task.user_id},
                                                           {"actions", ActionsOf(task)},
                                                           {"instruction", task.instruction},
                                                           {"outputs", ListOf(task.communicate)}})},
                                {"source", "user"},
                                {"user_cost", CostOf(row.usage[Role::kUser])}});
  // v1 knows no ungraded episode, and a 0 would be a verdict.
  if (row.error_kind)
    info.Set("error", row.error_message);
  else if (!row.task_success)
    info.Set("error", "task success was not assessed");
  // v1 numbers its tasks; other benchmarks' ids stay what they are.
  const bool numbered = !task.id.empty() && task.id.size() < 10 &&
                        std::ranges::all_of(task.id, [](char c) { return c >= '0' && c <= '9'; });
  return Json::MakeObject({{"task_id", numbered ? Json::MakeInteger(task.id) : Json(task.id)},
                           {"reward", RewardOf(row)},
                           {"info", std::move(info)},
                           {"traj", transcript == nullptr ? Json::MakeArray() : Messages(*transcript, true)},
                           {"trial", trial}});
}

Json AsTau2Task(const Task& task) {
  Json actions = Json::MakeArray();
  for (const ToolCall& call : task.reference_actions)
    actions.Append(Json::MakeObject({{"action_id", call.id}, {"name", call.name}, {"arguments", call.arguments}}));
  Json criteria = Json::MakeObject({{"actions", std::move(actions)},
                                    {"communicate_info", ListOf(task.communicate)},
                                    {"nl_assertions", ListOf(task.nl_assertions)},
                                    {"reward_basis", ListOf(task.reward_basis)}});
  return Json::MakeObject({{"id", task.id},
                           {"user_scenario", Json::MakeObject({{"instructions", task.instruction}})},
                           {"evaluation_criteria", std::move(criteria)}});
}

Json AsTau2Simulation(const Trial& row, std::uint32_t trial, const std::string& run_began_utc,
                      const Transcript* transcript) {
  const bool graded = !row.error_kind && row.task_success.has_value();
  return Json::MakeObject({{"id", fmt::format("xsweep-{}", row.index)},
                           {"task_id", row.task},
                           {"timestamp", run_began_utc},
                           {"start_time", run_began_utc},
                           {"end_time", run_began_utc},
                           {"duration", 0.0},
                           {"termination_reason", Tau2Reason(row)},
                           {"agent_cost", CostOf(row.usage[Role::kAgent])},
                           {"user_cost", CostOf(row.usage[Role::kUser])},
                           {"reward_info", graded ? Json::MakeObject({{"reward", RewardOf(row)}}) : Json()},
                           {"messages", transcript == nullptr ? Json::MakeArray() : Messages(*transcript, false)},
                           {"trial", trial},
                           {"seed", row.seed}});
}

}  // namespace xsweep
