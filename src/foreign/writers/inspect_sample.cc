// What Inspect calls a sample, written as text.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/inspect_sample.h"

#include <fmt/format.h>

#include "base/characters.h"
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

/// An object even where a model sent something else, which stays readable as text.
std::string Arguments(const Json& arguments) {
  return arguments.is_object() ? arguments.Dump() : Json::MakeObject({{"text", arguments}}).Dump();
}

void AppendCall(const ToolCall& call, std::string& out) {
  out += '{';
  Text(out, "id", call.id);
  Text(out, "function", call.name);
  Raw(out, "arguments", Arguments(call.arguments));
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

/// The call that `step` answers; null where it answers none.
const CallRecord* AnsweredCall(const Step& step, const Transcript& dialogue) {
  const bool answers =
      step.kind == StepKind::kTool && step.call >= 0 && static_cast<std::size_t>(step.call) < dialogue.calls.size();
  return answers ? &dialogue.calls[static_cast<std::size_t>(step.call)] : nullptr;
}

/// Who an event is of, and when it happened.
struct EventSource {
  const std::string& model;
  const std::string& time;
  const std::string& uuid;
};

/// The list of a sample's events, as text.
class EventList {
 public:
  EventList(EventSource source, std::string& out) : source_(source), out_(out) { out_ += '['; }
  void Info(const Json& data) { Info(data.Dump()); }
  void Info(const std::string& data) {
    Begin("info");
    Text(out_, "source", "xsweep");
    Raw(out_, "data", data);
    out_ += '}';
  }
  /// `place` is the step's, `message` that of what was said among `messages`.
  void Turn(const Step& step, std::size_t place, std::size_t message, const InspectMessages& messages) {
    asked_ = &step.calls;
    answered_ = 0;
    Asked(place, message, messages.json[message]);
    out_ += '}';
  }
  /// An answer to all messages that was waited for and did not come. Inspect shows messages only where a model was
  /// asked with them.
  void NoTurn(std::size_t place, std::size_t messages, const std::string& why) {
    Asked(place, messages, {});
    Text(out_, "error", why);
    out_ += '}';
  }
  /// A decision on a call comes before that call's result; what is decided on a turn or a text has no call.
  void Decided(const Step& step) {
    const Decision& decision = step.decision;
    if (asked_ == nullptr || answered_ >= asked_->size()) {
      return Info(Json::MakeObject({{"defense", decision.defense},
                                    {"verdict", NameOf(decision.ruling)},
                                    {"reason", decision.reason_code},
                                    {"detail", decision.detail}}));
    }
    Begin("approval");
    Text(out_, "message", step.shown);
    AppendCall((*asked_)[answered_], Key(out_, "call"));
    Text(out_, "approver", decision.defense.empty() ? "defense" : decision.defense);
    Text(out_, "decision", ApprovalOf(decision.ruling));
    Text(out_, "explanation", decision.reason_code + (decision.detail.empty() ? "" : ": " + decision.detail));
    out_ += '}';
  }
  void Called(const Step& step, const CallRecord& record) {
    ++answered_;
    Begin("tool");
    Text(out_, "type", "function");
    Text(out_, "id", record.call.id);
    Text(out_, "function", record.call.name);
    Raw(out_, "arguments", Arguments(record.call.arguments));
    Text(out_, "result", step.shown);
    Raw(out_, "events", "[]");
    out_ += '}';
    if (step.injected) Info(Json::MakeObject({{"injected", true}, {"tool", record.call.name}}));
  }
  void Scores(const Trial& row) {
    for (int scorer = 0; scorer < 2; ++scorer) {
      const auto score = ScoreOf(row, scorer);
      if (!score) continue;
      Begin("score");
      Raw(out_, "score", fmt::format("{{\"value\":{}}}", *score ? 1 : 0));
      Text(out_, "scorer", kScorers[scorer]);
      Raw(out_, "intermediate", "false");
      out_ += '}';
    }
  }

 private:
  /// A model was asked with the first `messages` of the sample; what it answered may be empty.
  void Asked(std::size_t place, std::size_t messages, const std::string& answer) {
    Begin("model");
    Text(out_, "uuid", fmt::format("{}-e{}", source_.uuid, place));
    Text(out_, "model", source_.model);
    Raw(out_, "input", "[]");
    Raw(out_, "input_refs", fmt::format("[[0,{}]]", messages));
    Raw(out_, "tools", "[]");
    Text(out_, "tool_choice", "auto");
    Raw(out_, "config", "{}");
    Raw(out_, "output", OutputJson(source_.model, answer));
  }
  void Begin(std::string_view kind) {
    if (out_.back() != '[') out_ += ',';
    out_ += '{';
    Text(out_, "event", kind);
    Text(out_, "timestamp", source_.time);
    Raw(out_, "working_start", "0.0");
  }

  EventSource source_;
  std::string& out_;
  const std::vector<ToolCall>* asked_ = nullptr;  ///< of the agent's last turn
  std::size_t answered_ = 0;                      ///< of these, in order
};

std::string ErrorJson(const Trial& row) {
  std::string out = "{";
  Text(out, "message", ErrorText(row));
  Text(out, "traceback", "");
  Text(out, "traceback_ansi", "");
  return out + '}';
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

std::string InspectSample::Message(std::size_t number, std::string_view role, const std::string& content) const {
  std::string message = "{";
  Text(message, "id", fmt::format("{}-m{}", uuid_, number));
  Text(message, "role", role);
  Text(message, "content", content);
  return message;
}

std::string InspectSample::MessageOf(const Step& step, const Transcript& dialogue, std::size_t number) const {
  std::string message;
  if (step.kind == StepKind::kUser) {
    message = Message(number, "user", step.shown);
    Text(message, "source", "input");
  } else if (step.kind == StepKind::kAgent) {
    message = Message(number, "assistant", step.shown);
    Text(message, "source", "generate");
    Text(message, "model", model_);
    if (!step.calls.empty()) AppendCalls(step.calls, Key(message, "tool_calls"));
  } else if (const CallRecord* record = AnsweredCall(step, dialogue)) {
    message = Message(number, "tool", step.shown);
    Text(message, "tool_call_id", record->call.id);
    Text(message, "function", record->call.name);
    if (record->fate != CallFate::kExecuted) {
      std::string error = "{";
      Text(error, "type", record->fate == CallFate::kBlocked ? "approval" : "unknown");
      Text(error, "message", record->content);
      Raw(message, "error", error + '}');
    }
  }
  return message.empty() ? message : message + '}';
}

InspectMessages InspectSample::MessagesOf(const Transcript& dialogue) const {
  InspectMessages out;
  if (!dialogue.system.empty()) out.json.push_back(Message(0, "system", dialogue.system) + '}');
  for (const Step& step : dialogue.steps) {
    std::optional<std::size_t>& place = out.steps.emplace_back();
    std::string message = MessageOf(step, dialogue, out.json.size());
    if (message.empty()) continue;
    place = out.json.size();
    out.json.push_back(std::move(message));
  }
  return out;
}

void InspectSample::AppendEvents(const Trial& row, const ExportedCell& cell, const Transcript* dialogue,
                                 const InspectMessages& messages, std::string& out) const {
  EventList events({model_, time_, uuid_}, out);
  events.Info(MetadataJson(row, cell));
  for (std::size_t i = 0; dialogue != nullptr && i < dialogue->steps.size(); ++i) {
    const Step& step = dialogue->steps[i];
    if (step.kind == StepKind::kAgent) {
      events.Turn(step, i + 1, *messages.steps[i], messages);
    } else if (step.kind == StepKind::kDefense) {
      events.Decided(step);
    } else if (const CallRecord* record = AnsweredCall(step, *dialogue)) {
      events.Called(step, *record);
    } else if (step.kind == StepKind::kAttack || (step.kind == StepKind::kUser && step.injected)) {
      events.Info(Json::MakeObject({{"injected", true}, {"turn", step.turn}}));
    }
  }
  const bool waited =
      dialogue != nullptr && !dialogue->steps.empty() && dialogue->steps.back().kind != StepKind::kAgent;
  if (waited && row.outcome == Outcome::kError)
    events.NoTurn(dialogue->steps.size() + 1, messages.json.size(), row.error_message);
  events.Scores(row);
  out += ']';
}

std::string InspectSample::Whole(const Trial& row, const ExportedCell& cell, const Transcript* dialogue,
                                 const SampleFacts& facts) const {
  const InspectMessages messages = dialogue == nullptr ? InspectMessages() : MessagesOf(*dialogue);
  const std::string joined = messages.Joined();
  std::string last;
  for (std::size_t i = 0; i < messages.steps.size(); ++i) {
    if (dialogue->steps[i].kind == StepKind::kAgent) last = messages.json[*messages.steps[i]];
  }
  std::string sample = "{";
  Text(sample, "id", facts.id);
  Number(sample, "epoch", facts.epoch);
  Text(sample, "input", facts.input);
  Text(sample, "target", "");
  Raw(sample, "messages", joined);
  Raw(sample, "output", OutputJson(model_, last));
  Raw(sample, "scores", facts.scores);
  Raw(sample, "metadata", facts.metadata);
  Raw(sample, "store", "{}");
  AppendEvents(row, cell, dialogue, messages, Key(sample, "events"));
  Raw(sample, "events_data", "{\"messages\":" + joined + ",\"calls\":[]}");
  Raw(sample, "model_usage", facts.usage);
  Raw(sample, "role_usage", "{}");
  Text(sample, "uuid", uuid_);
  if (row.error_kind) Raw(sample, "error", ErrorJson(row));
  Raw(sample, "attachments", "{}");
  return sample + '}';
}

std::string InspectSample::Summary(const Trial& row, const SampleFacts& facts) const {
  std::string summary = "{";
  Text(summary, "id", facts.id);
  Number(summary, "epoch", facts.epoch);
  Text(summary, "input", WholeCharacters(facts.input, 1000));
  Text(summary, "target", "");
  Raw(summary, "metadata", facts.metadata);
  Raw(summary, "scores", facts.scores);
  Raw(summary, "model_usage", facts.usage);
  Raw(summary, "role_usage", "{}");
  Raw(summary, "completed", "true");
  Text(summary, "uuid", uuid_);
  Number(summary, "retries", 0);
  if (row.error_kind) Text(summary, "error", ErrorText(row));
  return summary + '}';
}

}  // namespace xsweep
