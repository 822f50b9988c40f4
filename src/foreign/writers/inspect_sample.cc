// What Inspect calls a sample, written as text.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/inspect_sample.h"

#include <fmt/format.h>

#include "base/json.h"

namespace xsweep {

namespace eval_json {

std::string& Key(std::string& out, std::string_view key) {
  if (!out.empty() && out.back() != '{') out += ',';
  return out.append("\"").append(key).append("\":");
}
void Text(std::string& out, std::string_view key, std::string_view text) { AppendJsonString(text, Key(out, key)); }
void Number(std::string& out, std::string_view key, std::int64_t number) { Key(out, key) += std::to_string(number); }
void Real(std::string& out, std::string_view key, double number) { AppendJsonDouble(number, Key(out, key)); }
void Raw(std::string& out, std::string_view key, std::string_view json) { Key(out, key) += json; }

}  // namespace eval_json

using namespace eval_json;

namespace {

void AppendCall(const ToolCall& call, std::string& out) {
  out += '{';
  Text(out, "id", call.id);
  Text(out, "function", call.name);
  // Inspect's arguments are an object; what a model sent instead stays readable.
  Raw(out, "arguments",
      call.arguments.is_object() ? call.arguments.Dump() : Json::MakeObject({{"text", call.arguments}}).Dump());
  Text(out, "type", "function");
  out += '}';
}

void AppendCalls(const std::vector<ToolCall>& calls, std::string& out) {
  out += '[';
  for (const ToolCall& call : calls) {
    if (&call != calls.data()) out += ',';
    AppendCall(call, out);
  }
  out += ']';
}

std::string_view ApprovalOf(Ruling ruling) {
  if (ruling == Ruling::kDeny) return "reject";
  return ruling == Ruling::kModify ? "modify" : "approve";
}

/// 1, 0, or nothing where a score does not apply.
void BeginEvent(std::string& out, std::string_view kind, const std::string& time) {
  if (out.back() != '[') out += ',';
  out += '{';
  Text(out, "event", kind);
  Text(out, "timestamp", time);
  Raw(out, "working_start", "0.0");
}

void AppendInfo(std::string& out, const std::string& time, const std::string& data) {
  BeginEvent(out, "info", time);
  Text(out, "source", "xsweep");
  Raw(out, "data", data);
  out += '}';
}

}  // namespace

std::optional<bool> ScoreOf(const Trial& row, int scorer) {
  if (scorer == 1) return row.outcome == Outcome::kError ? std::nullopt : row.task_success;
  switch (row.outcome) {
    case Outcome::kAttackSucceeded: return true;
    case Outcome::kAttackResisted:
    case Outcome::kAttackBlocked:
    case Outcome::kNotExposed: return false;
    default: return std::nullopt;
  }
}

std::string MetadataJson(const Trial& row, const ExportedCell& cell) {
  std::string out = "{";
  Text(out, "cell", row.cell);
  Text(out, "task", row.task);
  Number(out, "seed", static_cast<std::int64_t>(row.seed));
  Number(out, "trial", row.trial);
  Text(out, "outcome", NameOf(row.outcome));
  Text(out, "attack", cell.record.attack);
  Text(out, "defense", cell.record.defense);
  Text(out, "goal", row.goal);
  Text(out, "channel", NameOf(row.channel));
  Raw(out, "exposed", row.exposure_unknown ? "null" : row.exposed ? "true" : "false");
  Number(out, "attempted", row.attempted);
  Number(out, "executed", row.executed);
  Number(out, "blocked", row.blocked);
  if (row.reward) Real(out, "reward", *row.reward);
  return out + '}';
}

std::string OutputJson(const std::string& model, const std::string& message) {
  std::string out = "{";
  Text(out, "model", model);
  Raw(out, "choices", message.empty() ? "[]" : "[{\"message\":" + message + ",\"stop_reason\":\"stop\"}]");
  return out + '}';
}

std::string InspectMessages::Joined() const {
  std::string out;
  for (const std::string& message : json) out.append(out.empty() ? "[" : ",").append(message);
  return out.empty() ? "[]" : out + ']';
}

InspectMessages InspectSample::MessagesOf(const Transcript& dialogue) const {
  InspectMessages out;
  const auto begin = [&](std::string_view role, const std::string& content) {
    std::string message = "{";
    Text(message, "id", fmt::format("{}-m{}", uuid_, out.json.size()));
    Text(message, "role", role);
    Text(message, "content", content);
    return message;
  };
  const auto add = [&](std::string message) {
    out.json.push_back(std::move(message) + '}');
    return std::optional(out.json.size() - 1);
  };
  if (!dialogue.system.empty()) add(begin("system", dialogue.system));
  for (const Step& step : dialogue.steps) {
    std::optional<std::size_t>& place = out.steps.emplace_back();
    if (step.kind == StepKind::kUser) {
      std::string message = begin("user", step.shown);
      Text(message, "source", "input");
      place = add(std::move(message));
    } else if (step.kind == StepKind::kAgent) {
      std::string message = begin("assistant", step.shown);
      Text(message, "source", "generate");
      Text(message, "model", model_);
      if (!step.calls.empty()) AppendCalls(step.calls, Key(message, "tool_calls"));
      place = add(std::move(message));
    } else if (step.kind == StepKind::kTool && step.call >= 0 &&
               static_cast<std::size_t>(step.call) < dialogue.calls.size()) {
      const CallRecord& record = dialogue.calls[static_cast<std::size_t>(step.call)];
      std::string message = begin("tool", step.shown);
      Text(message, "tool_call_id", record.call.id);
      Text(message, "function", record.call.name);
      if (record.fate != CallFate::kExecuted) {
        std::string error = "{";
        Text(error, "type", record.fate == CallFate::kBlocked ? "approval" : "unknown");
        Text(error, "message", record.content);
        error += '}';
        Raw(message, "error", error);
      }
      place = add(std::move(message));
    }
  }
  return out;
}

void InspectSample::AppendEvents(const Trial& row, const ExportedCell& cell, const Transcript* dialogue,
                                 const InspectMessages& messages, std::string& out) const {
  out += '[';
  std::size_t place = 0;
  AppendInfo(out, time_, MetadataJson(row, cell));
  const std::vector<ToolCall>* asked = nullptr;
  std::size_t answered = 0;
  for (const Step& step : dialogue == nullptr ? std::vector<Step>() : dialogue->steps) {
    const auto message = messages.steps[place++];
    if (step.kind == StepKind::kAgent) {
      asked = &step.calls;
      answered = 0;
      BeginEvent(out, "model", time_);
      Text(out, "uuid", fmt::format("{}-e{}", uuid_, place));
      Text(out, "model", model_);
      Raw(out, "input", "[]");
      Raw(out, "input_refs", fmt::format("[[0,{}]]", *message));
      Raw(out, "tools", "[]");
      Text(out, "tool_choice", "auto");
      Raw(out, "config", "{}");
      Raw(out, "output", OutputJson(model_, messages.json[*message]));
      out += '}';
    } else if (step.kind == StepKind::kDefense) {
      // A decision on a call comes before that call's result; what is decided on a turn or a text has no call.
      const bool on_call = asked != nullptr && answered < asked->size();
      if (!on_call) {
        AppendInfo(out, time_,
                   Json::MakeObject({{"defense", step.decision.defense},
                                     {"verdict", NameOf(step.decision.ruling)},
                                     {"reason", step.decision.reason_code},
                                     {"detail", step.decision.detail}})
                       .Dump());
        continue;
      }
      BeginEvent(out, "approval", time_);
      Text(out, "message", step.shown);
      AppendCall((*asked)[answered], Key(out, "call"));
      Text(out, "approver", step.decision.defense.empty() ? "defense" : step.decision.defense);
      Text(out, "decision", ApprovalOf(step.decision.ruling));
      Text(out, "explanation",
           step.decision.reason_code + (step.decision.detail.empty() ? "" : ": " + step.decision.detail));
      out += '}';
    } else if (step.kind == StepKind::kTool && step.call >= 0 &&
               static_cast<std::size_t>(step.call) < dialogue->calls.size()) {
      const CallRecord& record = dialogue->calls[static_cast<std::size_t>(step.call)];
      ++answered;
      BeginEvent(out, "tool", time_);
      Text(out, "type", "function");
      Text(out, "id", record.call.id);
      Text(out, "function", record.call.name);
      Raw(out, "arguments",
          record.call.arguments.is_object() ? record.call.arguments.Dump()
                                            : Json::MakeObject({{"text", record.call.arguments}}).Dump());
      Text(out, "result", step.shown);
      Raw(out, "events", "[]");
      out += '}';
      if (step.injected)
        AppendInfo(out, time_, Json::MakeObject({{"injected", true}, {"tool", record.call.name}}).Dump());
    } else if (step.kind == StepKind::kAttack || (step.kind == StepKind::kUser && step.injected)) {
      AppendInfo(out, time_, Json::MakeObject({{"injected", true}, {"turn", step.turn}}).Dump());
    }
  }
  for (int scorer = 0; scorer < 2; ++scorer) {
    const auto score = ScoreOf(row, scorer);
    if (!score) continue;
    BeginEvent(out, "score", time_);
    Raw(out, "score", fmt::format("{{\"value\":{}}}", *score ? 1 : 0));
    Text(out, "scorer", kScorers[scorer]);
    Raw(out, "intermediate", "false");
    out += '}';
  }
  out += ']';
}

}  // namespace xsweep
