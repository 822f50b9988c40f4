// ForeignResults: result files of tau-bench v1 and tau2-bench.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/tau.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace xsweep {
namespace {

constexpr std::string_view kStopWord = "###STOP###";
constexpr std::string_view kTransferTool = "transfer_to_human_agents";

std::string TextOf(const Json& message) {
  const Json* content = message.Find("content");
  return content != nullptr && content->is_string() ? content->AsString() : std::string();
}

/// v1 keeps OpenAI's form (a function with its arguments as text), tau2 its own (name and object).
ToolCall CallOf(const Json& json) {
  const Json* function = json.Find("function");
  const Json& named = function == nullptr ? json : *function;
  const Json* arguments = named.Find("arguments");
  ToolCall call{std::string(json.StringOr("id", "")), std::string(named.StringOr("name", "")), Json::MakeObject()};
  if (arguments == nullptr) return call;
  call.arguments = *arguments;
  if (arguments->is_string()) {
    // What is no JSON stays the text it was; the environment refuses it as it would have then.
    if (auto parsed = Json::Parse(arguments->AsString())) call.arguments = std::move(*parsed);
  }
  return call;
}

/// Follows a recorded dialogue and builds the transcript.
class Reader {
 public:
  explicit Reader(bool first_call_only) : first_call_only_(first_call_only) {}

  void Read(const Json& message) {
    const std::string_view role = message.StringOr("role", "");
    if (role == "system") out_.system = TextOf(message);
    if (role == "user") User(message);
    if (role == "assistant") Agent(message);
    if (role == "tool") Tool(message);
  }
  Transcript Take() { return std::move(out_); }

 private:
  Step& Add(StepKind kind, std::string shown) {
    Step& step = out_.steps.emplace_back();
    step.kind = kind;
    step.turn = turn_;
    step.shown = std::move(shown);
    return step;
  }
  void User(const Json& message) {
    ++turn_;
    Add(StepKind::kUser, TextOf(message));
  }
  void Agent(const Json& message) {
    Step& step = Add(StepKind::kAgent, TextOf(message));
    const Json* calls = message.Find("tool_calls");
    if (calls == nullptr || !calls->is_array()) return;
    for (const Json& call : calls->items()) {
      step.calls.push_back(CallOf(call));
      waiting_.push_back(step.calls.back());
      if (first_call_only_) break;
    }
  }
  void Tool(const Json& message) {
    if (message.StringOr("requestor", "assistant") == "user" || waiting_.empty()) return;
    const std::string_view id = message.StringOr("tool_call_id", message.StringOr("id", ""));
    auto asked = std::ranges::find(waiting_, id, &ToolCall::id);
    if (asked == waiting_.end()) asked = waiting_.begin();
    CallRecord& record = out_.calls.emplace_back();
    record.call = std::move(*asked);
    waiting_.erase(asked);
    record.turn = turn_;
    record.content = TextOf(message);
    const bool failed = message.BoolOr("error", false) || record.content.starts_with("Error");
    record.fate = failed ? CallFate::kFailed : CallFate::kExecuted;
    Add(StepKind::kTool, record.content).call = static_cast<int>(out_.calls.size()) - 1;
  }

  bool first_call_only_;
  int turn_ = 0;
  std::vector<ToolCall> waiting_;
  Transcript out_;
};

Transcript ReadDialogue(const Json* messages, bool first_call_only) {
  Reader reader(first_call_only);
  if (messages != nullptr && messages->is_array()) {
    for (const Json& message : messages->items()) reader.Read(message);
  }
  return reader.Take();
}

/// v1 does not say why an episode ended; its last message does.
std::string StopOf(const Transcript& transcript) {
  if (transcript.steps.empty()) return "error";
  const Step& last = transcript.steps.back();
  if (last.kind == StepKind::kUser && last.shown.find(kStopWord) != std::string::npos) return "user_stop";
  if (last.kind == StepKind::kTool && transcript.calls.back().call.name == kTransferTool) return "transfer";
  return "max_turns";
}

std::optional<double> Number(const Json* value) {
  return value != nullptr && value->is_number() ? std::optional(value->AsDouble()) : std::nullopt;
}

/// An id may be a number (v1) or a text (tau2).
std::string IdOf(const Json& entry) {
  const Json* id = entry.Find("task_id");
  if (id == nullptr) return {};
  if (id->is_string()) return id->AsString();
  return id->is_int() ? std::to_string(id->AsInt()) : std::string();
}

Expected<ForeignEpisode> StartEpisode(const Json& entry, const std::string& where) {
  ForeignEpisode episode;
  episode.task = IdOf(entry);
  if (episode.task.empty()) return UserError("has no task_id", where);
  const std::int64_t trial = entry.IntOr("trial", 0);
  if (trial < 0 || trial > 1'000'000) return UserError("has no sensible trial number", where);
  episode.trial = static_cast<std::uint32_t>(trial);
  return episode;
}

Expected<ForeignEpisode> ReadTau1(const Json& entry, const std::string& where) {
  TRY_ASSIGN(ForeignEpisode episode, StartEpisode(entry, where));
  const Json* info = entry.Find("info");
  const Json* error = info == nullptr ? nullptr : info->Find("error");
  if (error != nullptr && !error->is_null()) episode.error = error->is_string() ? error->AsString() : error->Dump();
  episode.reward = Number(entry.Find("reward"));
  if (!episode.reward && episode.error.empty()) return UserError("has no reward", where);
  episode.user_cost_usd = info == nullptr ? std::nullopt : Number(info->Find("user_cost"));
  episode.transcript = ReadDialogue(entry.Find("traj"), true);
  episode.transcript.stop = episode.error.empty() ? StopOf(episode.transcript) : "error";
  return episode;
}

/// Ends that say nothing about the agent. The others (max_steps, too_many_errors, agent_error) are its failures.
constexpr std::string_view kHarnessFailures[] = {"infrastructure_error", "user_error", "unexpected_error"};

std::string StopFromTau2(std::string_view reason) {
  if (reason == "user_stop" || reason == "agent_stop") return std::string(reason);
  if (reason == "too_many_errors") return "tool_errors";
  return "max_turns";
}

Expected<ForeignEpisode> ReadTau2(const Json& entry, const std::string& where) {
  TRY_ASSIGN(ForeignEpisode episode, StartEpisode(entry, where));
  const std::string reason(entry.StringOr("termination_reason", ""));
  const Json* reward_info = entry.Find("reward_info");
  if (reward_info != nullptr) episode.reward = Number(reward_info->Find("reward"));
  if (std::ranges::find(kHarnessFailures, reason) != std::end(kHarnessFailures)) {
    episode.error = "the recorded episode ended in " + reason;
  } else if (!episode.reward) {
    episode.error = "the recorded episode was not graded";
  }
  episode.agent_cost_usd = Number(entry.Find("agent_cost"));
  episode.user_cost_usd = Number(entry.Find("user_cost"));
  episode.transcript = ReadDialogue(entry.Find("messages"), false);
  episode.transcript.stop = episode.error.empty() ? StopFromTau2(reason) : "error";
  return episode;
}

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

Json CostOf(const TrialUsage& usage) {
  return usage.cost_nano_usd ? Json(static_cast<double>(*usage.cost_nano_usd) / 1e9) : Json();
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
  if (row.stop == "max_turns" || row.stop == "max_calls") return "max_steps";
  if (row.stop == "tool_errors") return "too_many_errors";
  return row.stop == "transfer" ? "agent_stop" : row.stop;
}

}  // namespace

Expected<ForeignResults> ReadForeignResults(std::string_view text, const std::string& where) {
  const auto json = Json::Parse(text, where);
  if (!json) return UserError(json.error().message, json.error().where);
  ForeignResults results;
  const Json* entries = json->is_array() ? &*json : json->Find("simulations");
  if (entries == nullptr || !entries->is_array() || entries->size() == 0)
    return UserError("holds neither tau-bench v1's list of results nor tau2's {simulations}", where);
  results.format = json->is_array() ? "tau1" : "tau2";
  if (const Json* info = json->Find("info")) {
    results.seed = static_cast<std::uint64_t>(std::max<std::int64_t>(0, info->IntOr("seed", 0)));
    if (const Json* agent = info->Find("agent_info")) results.model = agent->StringOr("llm", "");
  }
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const std::string at = fmt::format("{}: entry {}", where, i + 1);
    const Json& entry = entries->items()[i];
    TRY_ASSIGN(ForeignEpisode episode, results.format == "tau1" ? ReadTau1(entry, at) : ReadTau2(entry, at));
    results.episodes.push_back(std::move(episode));
  }
  return results;
}

Json AsTau1Entry(const Task& task, const Trial& row, std::uint32_t trial, const Transcript* transcript) {
  Json info = Json::MakeObject({{"task", Json::MakeObject({{"user_id", task.user_id},
                                                           {"actions", ActionsOf(task)},
                                                           {"instruction", task.instruction},
                                                           {"outputs", ListOf(task.communicate)}})},
                                {"source", "user"},
                                {"user_cost", CostOf(row.usage[1])}});
  // v1 knows no ungraded episode, and a 0 would be a verdict.
  if (!row.error_kind.empty())
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
  const bool graded = row.error_kind.empty() && row.task_success.has_value();
  return Json::MakeObject({{"id", fmt::format("xsweep-{}", row.index)},
                           {"task_id", row.task},
                           {"timestamp", run_began_utc},
                           {"start_time", run_began_utc},
                           {"end_time", run_began_utc},
                           {"duration", 0.0},
                           {"termination_reason", Tau2Reason(row)},
                           {"agent_cost", CostOf(row.usage[0])},
                           {"user_cost", CostOf(row.usage[1])},
                           {"reward_info", graded ? Json::MakeObject({{"reward", RewardOf(row)}}) : Json()},
                           {"messages", transcript == nullptr ? Json::MakeArray() : Messages(*transcript, false)},
                           {"trial", trial},
                           {"seed", row.seed}});
}

}  // namespace xsweep
