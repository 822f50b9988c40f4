// One episode of a result file of tau-bench v1 or tau2-bench.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/tau_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/amount.h"
#include "base/text.h"
#include "foreign/python_literal.h"

namespace xsweep {
namespace {

constexpr std::string_view kStopWord = "###STOP###";
constexpr std::string_view kTransferTool = "transfer_to_human_agents";

std::string ContentOf(const Json& message) {
  const Json* content = message.Find("content");
  return content != nullptr && content->is_string() ? content->AsString() : std::string();
}

/// v1 keeps OpenAI's form (a function with its arguments as text), tau2 its own (name and object). Arguments that are
/// no JSON may be a Python literal; what is neither stays the text it was, and the environment refuses it as it would
/// have then.
ToolCall CallOf(const Json& json) {
  const Json* function = json.Find("function");
  const Json& named = function == nullptr ? json : *function;
  const Json* arguments = named.Find("arguments");
  ToolCall call{std::string(json.StringOr("id", "")), std::string(named.StringOr("name", "")), Json::MakeObject()};
  if (arguments == nullptr) return call;
  call.arguments = *arguments;
  if (!arguments->is_string()) return call;
  if (auto parsed = Json::Parse(arguments->AsString())) {
    call.arguments = std::move(*parsed);
  } else if (auto literal = ParsePythonLiteral(arguments->AsString()); literal && literal->is_object()) {
    call.arguments = std::move(*literal);
  }
  return call;
}

/// Follows a recorded dialogue and builds the transcript.
class Reader {
 public:
  explicit Reader(bool first_call_only) : first_call_only_(first_call_only) {}

  void Read(const Json& message) {
    const std::string_view role = message.StringOr("role", "");
    if (role == "system") out_.system = ContentOf(message);
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
    Add(StepKind::kUser, ContentOf(message));
  }
  void Agent(const Json& message) {
    Step& step = Add(StepKind::kAgent, ContentOf(message));
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
    record.content = ContentOf(message);
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
Stop StopOf(const Transcript& transcript) {
  if (transcript.steps.empty()) return Stop::kError;
  const Step& last = transcript.steps.back();
  if (last.kind == StepKind::kUser && last.shown.find(kStopWord) != std::string::npos) return Stop::kUserStop;
  if (last.kind == StepKind::kTool && transcript.calls.back().call.name == kTransferTool) return Stop::kTransfer;
  return Stop::kMaxTurns;
}

/// Whatever its spelling: tools that pass files on make texts and booleans of numbers, and floats of whole ones.
std::optional<double> Number(const Json* value) {
  if (value == nullptr || value->is_array() || value->is_object()) return std::nullopt;
  if (value->is_number() && !std::isfinite(value->AsDouble())) return std::nullopt;
  return AmountIn(*value);
}

std::optional<std::int64_t> WholeNumber(const Json* value) {
  const std::optional<double> number = Number(value);
  if (!number || std::trunc(*number) != *number || std::abs(*number) > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

/// An id may be a number (v1) or a text (tau2).
std::string IdOf(const Json& entry) {
  const Json* id = entry.Find("task_id");
  if (id == nullptr) return {};
  if (id->is_string()) return id->AsString();
  const auto number = id->is_number() ? WholeNumber(id) : std::nullopt;
  return number ? std::to_string(*number) : std::string();
}

std::int64_t Tokens(const Json& usage, std::string_view key) {
  const Json* value = usage.Find(key);
  if (value == nullptr || !value->is_number()) return 0;
  const double tokens = value->AsDouble();
  return tokens > 0 && tokens < 1e12 ? std::llround(tokens) : 0;
}

std::optional<std::int64_t> NanoUsd(const std::optional<double>& cost_usd) {
  if (!cost_usd || *cost_usd < 0 || *cost_usd > 1e9) return std::nullopt;
  return std::llround(*cost_usd * 1e9);
}

/// What the messages of one role say was used. Without a word on costs the cost is unknown, never 0.
Usage UsageOf(const Json* messages, std::string_view role, const std::optional<double>& total_cost_usd) {
  Usage usage;
  std::optional<double> cost;
  const std::vector<Json> none;
  for (const Json& message : messages != nullptr && messages->is_array() ? messages->items() : none) {
    if (message.StringOr("role", "") != role) continue;
    ++usage.calls;
    if (const auto part = Number(message.Find("cost"))) cost = cost.value_or(0) + *part;
    const Json* used = message.Find("usage");
    if (used == nullptr || !used->is_object()) continue;
    usage.prompt_tokens += Tokens(*used, "prompt_tokens");
    usage.completion_tokens += Tokens(*used, "completion_tokens");
  }
  const auto nano = NanoUsd(total_cost_usd ? total_cost_usd : cost);
  usage.cost_nano_usd = nano.value_or(0);
  usage.cost_known = nano.has_value();
  return usage;
}

void CountDialogue(ForeignTrial& trial) {
  const Transcript& dialogue = *trial.dialogue;
  trial.turns = static_cast<int>(std::ranges::count(dialogue.steps, StepKind::kUser, &Step::kind));
  trial.tool_calls = static_cast<int>(dialogue.calls.size());
}

Expected<ForeignTrial> StartTrial(const Json& entry, const std::string& where) {
  if (!entry.is_object()) return UserError("is no object", where);
  ForeignTrial trial;
  trial.place = where;
  trial.task = IdOf(entry);
  if (trial.task.empty()) return UserError("has no task_id, so nobody can tell which task it is of", where);
  const Json* number = entry.Find("trial");
  const auto trial_number =
      number == nullptr || number->is_null() ? std::optional<std::int64_t>(0) : WholeNumber(number);
  if (!trial_number || *trial_number < 0 || *trial_number > 1'000'000)
    return UserError("has no sensible trial number", where);
  trial.trial = static_cast<std::uint32_t>(*trial_number);
  return trial;
}

/// What was not graded, or graded with what is no reward, is an error and no failure.
void Grade(const Json* reward, ForeignTrial& trial) {
  trial.reward = Number(reward);
  if (!trial.error.empty()) return;
  if (!trial.reward) {
    trial.error = "the recorded episode was not graded";
  } else if (*trial.reward < -1e-9 || *trial.reward > 1 + 1e-6) {
    trial.error = fmt::format("the recorded reward {:g} is outside the range 0 to 1", *trial.reward);
  }
}

/// Ends that say nothing about the agent. The others (max_steps, too_many_errors, agent_error) are its failures.
constexpr std::string_view kHarnessFailures[] = {"infrastructure_error", "user_error", "unexpected_error"};

Stop StopFromTau2(std::string_view reason) {
  if (reason == "user_stop") return Stop::kUserStop;
  if (reason == "agent_stop") return Stop::kAgentStop;
  return reason == "too_many_errors" ? Stop::kToolErrors : Stop::kMaxTurns;
}

}  // namespace

Expected<ForeignTrial> ReadTau1(const Json& entry, const std::string& where) {
  TRY_ASSIGN(ForeignTrial trial, StartTrial(entry, where));
  const Json* info = entry.Find("info");
  const Json* error = info == nullptr ? nullptr : info->Find("error");
  if (error != nullptr && !error->is_null()) trial.error = error->is_string() ? error->AsString() : error->Dump();
  Grade(entry.Find("reward"), trial);
  const Json* dialogue = entry.Find("traj");
  trial.agent = UsageOf(dialogue, "assistant", std::nullopt);
  trial.user = UsageOf(dialogue, "user", info == nullptr ? std::nullopt : Number(info->Find("user_cost")));
  trial.dialogue = std::make_unique<Transcript>(ReadDialogue(dialogue, true));
  trial.dialogue->stop = trial.error.empty() ? StopOf(*trial.dialogue) : Stop::kError;
  CountDialogue(trial);
  return trial;
}

Expected<ForeignTrial> ReadTau2(const Json& entry, const std::string& where) {
  TRY_ASSIGN(ForeignTrial trial, StartTrial(entry, where));
  const std::string reason(entry.StringOr("termination_reason", ""));
  if (std::ranges::find(kHarnessFailures, reason) != std::end(kHarnessFailures))
    trial.error = "the recorded episode ended in " + reason;
  const Json* reward_info = entry.Find("reward_info");
  Grade(reward_info == nullptr ? nullptr : reward_info->Find("reward"), trial);
  const Json* messages = entry.Find("messages");
  trial.agent = UsageOf(messages, "assistant", Number(entry.Find("agent_cost")));
  trial.user = UsageOf(messages, "user", Number(entry.Find("user_cost")));
  trial.seconds = Number(entry.Find("duration"));
  trial.dialogue = std::make_unique<Transcript>(ReadDialogue(messages, false));
  trial.dialogue->stop = trial.error.empty() ? StopFromTau2(reason) : Stop::kError;
  CountDialogue(trial);
  return trial;
}

}  // namespace xsweep
