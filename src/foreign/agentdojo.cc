// AgentDojo's logs: trees of one JSON file a case, in the variants that forks of it write.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/agentdojo.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/json_slices.h"
#include "base/text.h"
#include "foreign/agentdojo_tree.h"
#include "foreign/payload_match.h"

namespace xsweep {
namespace {

namespace ondemand = simdjson::ondemand;

/// What a log says, as its fields come; names as in the file.
struct Fields {
  std::string suite, pipeline, user_task, injection_task, attack, error;
  bool has_user_task = false;
  std::optional<bool> utility, security;
  std::optional<double> seconds;
  std::int64_t tokens = 0;
  std::vector<std::string> payloads;
  bool has_injections = false;
};

using Value = simdjson::simdjson_result<ondemand::value>;

std::string TextOr(Value value) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::optional<bool> BoolOf(Value value) {
  bool flag = false;
  return value.get_bool().get(flag) == simdjson::SUCCESS ? std::optional(flag) : std::nullopt;
}

/// `content` is a text, a list of {type, content} or null.
void AppendContent(ondemand::value content, std::string& out) {
  const auto type = content.type();
  if (type.error() != simdjson::SUCCESS) return;
  if (type.value_unsafe() == ondemand::json_type::string) {
    std::string_view text;
    if (content.get_string().get(text) == simdjson::SUCCESS) out += text;
    return;
  }
  if (type.value_unsafe() != ondemand::json_type::array) return;
  ondemand::array parts;
  if (content.get_array().get(parts) != simdjson::SUCCESS) return;
  for (auto part : parts) {
    ondemand::object object;
    if (part.get_object().get(object) != simdjson::SUCCESS) continue;
    for (auto field : object) {
      std::string_view key, text;
      if (field.unescaped_key().get(key) != simdjson::SUCCESS) return;
      if (key != "content" && key != "text") continue;
      if (field.value().get_string().get(text) == simdjson::SUCCESS) out.append(out.empty() ? "" : "\n").append(text);
    }
  }
}

/// {function, args, id} or OpenAI's {id, function: {name, arguments}}.
ToolCall CallOf(ondemand::value json) {
  ToolCall call;
  call.arguments = Json::MakeObject();
  ondemand::object object;
  if (json.get_object().get(object) != simdjson::SUCCESS) return call;
  for (auto field : object) {
    std::string_view key, raw;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return call;
    if (key == "id") call.id = TextOr(field.value());
    if (key == "function" || key == "name") {
      auto value = field.value();
      if (value.error() == simdjson::SUCCESS && value.type().value_unsafe() == ondemand::json_type::object) {
        if (simdjson::to_json_string(value).get(raw) != simdjson::SUCCESS) continue;
        const auto parsed = ParseLogJson(raw, "call");
        if (!parsed) continue;
        call.name = parsed->StringOr("name", "");
        if (const Json* arguments = parsed->Find("arguments")) call.arguments = *arguments;
      } else {
        call.name = TextOr(value);
      }
    }
    if (key == "args" || key == "arguments") {
      if (simdjson::to_json_string(field.value()).get(raw) != simdjson::SUCCESS) continue;
      if (auto parsed = ParseLogJson(raw, "args")) call.arguments = std::move(*parsed);
    }
  }
  return call;
}

/// Follows the messages of one log.
class DialogueReader {
 public:
  DialogueReader(bool keep, ForeignTrial& trial, std::string& seen) : keep_(keep), trial_(trial), seen_(seen) {
    if (keep) out_.steps.reserve(32), out_.calls.reserve(16);
  }

  void Read(ondemand::value json) {
    ondemand::object object;
    if (json.get_object().get(object) != simdjson::SUCCESS) return;
    Message message;
    for (auto field : object) {
      std::string_view key;
      if (field.unescaped_key().get(key) != simdjson::SUCCESS) return;
      if (key == "role") {
        message.role = TextOr(field.value());
      } else if (key == "content") {
        ondemand::value content;
        if (field.value().get(content) == simdjson::SUCCESS) AppendContent(content, message.content);
      } else if (key == "tool_calls") {
        ReadCalls(field.value(), message);
      } else if (key == "tool_call_id") {
        message.call_id = TextOr(field.value());
      } else if (key == "error") {
        message.error = TextOr(field.value());
      } else if (key == "tool_call") {
        message.call = ReadCall(field.value());
      }
    }
    Take(std::move(message));
  }
  Transcript Finish() {
    for (ToolCall& call : waiting_) {  // asked for and never answered
      CallRecord& record = out_.calls.emplace_back();
      record.call = std::move(call);
      record.turn = trial_.turns;
      record.fate = CallFate::kFailed;
    }
    return std::move(out_);
  }
  bool any() const { return any_; }

 private:
  struct Message {
    std::string role, content, call_id, error;
    std::vector<ToolCall> calls;
    std::optional<ToolCall> call;
  };
  static void ReadCalls(Value value, Message& message) {
    ondemand::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return;
    for (auto item : list) {
      ondemand::value call;
      if (item.get(call) == simdjson::SUCCESS) message.calls.push_back(CallOf(call));
    }
  }
  static std::optional<ToolCall> ReadCall(Value value) {
    ondemand::value call;
    if (value.get(call) != simdjson::SUCCESS || call.type().value_unsafe() != ondemand::json_type::object)
      return std::nullopt;
    return CallOf(call);
  }
  Step& Add(StepKind kind, std::string shown) {
    Step& step = out_.steps.emplace_back();
    step.kind = kind;
    step.turn = trial_.turns;
    step.shown = std::move(shown);
    return step;
  }
  void Take(Message message) {
    any_ = true;
    if (message.role == "system") {
      if (keep_) out_.system = std::move(message.content);
    } else if (message.role == "user") {
      ++trial_.turns;
      if (keep_) Add(StepKind::kUser, std::move(message.content));
    } else if (message.role == "assistant") {
      ++trial_.agent.calls;
      trial_.tool_calls += static_cast<int>(message.calls.size());
      if (!keep_) return;
      Step& step = Add(StepKind::kAgent, std::move(message.content));
      step.calls = message.calls;
      std::ranges::move(message.calls, std::back_inserter(waiting_));
    } else if (message.role == "tool") {
      AppendLettersAndDigits(message.content, seen_);
      AppendLettersAndDigits(message.error, seen_);
      seen_ += ' ';
      if (keep_) Tool(std::move(message));
    }
  }
  void Tool(Message message) {
    CallRecord& record = out_.calls.emplace_back();
    auto asked =
        message.call_id.empty() ? waiting_.begin() : std::ranges::find(waiting_, message.call_id, &ToolCall::id);
    if (asked == waiting_.end()) asked = waiting_.begin();
    if (asked != waiting_.end()) {
      record.call = std::move(*asked);
      waiting_.erase(asked);
    } else if (message.call) {
      record.call = std::move(*message.call);
      ++trial_.tool_calls;
    }
    record.turn = trial_.turns;
    record.fate = message.error.empty() ? CallFate::kExecuted : CallFate::kFailed;
    record.content = message.content.empty() ? std::move(message.error) : std::move(message.content);
    Add(StepKind::kTool, record.content).call = static_cast<int>(out_.calls.size()) - 1;
  }

  bool keep_;
  bool any_ = false;
  ForeignTrial& trial_;
  std::string& seen_;
  std::vector<ToolCall> waiting_;
  Transcript out_;
};

void ReadPayloads(Value value, Fields& fields) {
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return;
  for (auto field : object) {
    fields.has_injections = true;
    std::string payload;
    AppendLettersAndDigits(TextOr(field.value()), payload);
    if (std::ranges::find(fields.payloads, payload) == fields.payloads.end())
      fields.payloads.push_back(std::move(payload));
  }
}

void ReadMessages(Value value, DialogueReader& reader) {
  ondemand::array list;
  if (reader.any() || value.get_array().get(list) != simdjson::SUCCESS) return;
  for (auto item : list) {
    ondemand::value message;
    if (item.get(message) == simdjson::SUCCESS) reader.Read(message);
  }
}

void ReadField(std::string_view key, Value value, Fields& fields, DialogueReader& reader) {
  if (key == "suite_name") fields.suite = TextOr(value);
  if (key == "pipeline_name") fields.pipeline = TextOr(value);
  if (key == "user_task_id") fields.user_task = TextOr(value), fields.has_user_task = true;
  if (key == "injection_task_id") fields.injection_task = TextOr(value);
  if (key == "attack_type") fields.attack = TextOr(value);
  if (key == "error") fields.error = TextOr(value);
  if (key == "utility") fields.utility = BoolOf(value);
  if (key == "security") fields.security = BoolOf(value);
  if (key == "injections") ReadPayloads(value, fields);
  if (key == "messages" || key == "conversations") ReadMessages(value, reader);
  if (double number = 0; key == "duration" && value.get_double().get(number) == simdjson::SUCCESS)
    fields.seconds = number;
  if (std::int64_t number = 0; key == "total_tokens" && value.get_int64().get(number) == simdjson::SUCCESS)
    fields.tokens = std::max<std::int64_t>(0, number);
}

/// False when the text is not JSON that can be walked.
bool Walk(std::string_view text, Fields& fields, DialogueReader& reader) {
  thread_local ondemand::parser parser;
  thread_local std::string padded;
  padded.assign(text);
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  ondemand::document document;
  if (parser.iterate(padded.data(), text.size(), padded.size()).get(document) != simdjson::SUCCESS) return false;
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    // The parser's buffer is used again for the value.
    thread_local std::string name;
    name = key;
    ReadField(name, field.value(), fields, reader);
  }
  return true;
}

/// What the fields mean. The traps stand in the header of this room.
void Interpret(const Fields& fields, const std::string& seen, ForeignTrial& trial) {
  trial.arm.model = fields.pipeline;
  trial.arm.suite = fields.suite;
  trial.task = fields.user_task;
  trial.injection = fields.injection_task;
  trial.seconds = fields.seconds;
  trial.agent.prompt_tokens = fields.tokens;
  trial.agent.cost_known = false;
  const bool attacked = !fields.injection_task.empty();
  trial.arm.setting = attacked                                     ? Setting::kAttacked
                      : fields.user_task.starts_with(kAlonePrefix) ? Setting::kAlone
                                                                   : Setting::kBenign;
  if (attacked) trial.arm.attack = fields.attack.empty() ? "unnamed" : fields.attack;
  trial.utility = fields.utility;
  if (attacked) trial.success = fields.security;
  if (!fields.error.empty()) {
    trial.error = fields.error;
  } else if (!fields.utility || (attacked && !fields.security)) {
    trial.error = "the log holds no verdict: the episode did not end";
  }
  if (attacked && fields.has_injections) {
    trial.exposed = HoldsAny(seen, fields.payloads);
  }
}

}  // namespace

bool LooksLikeAgentDojo(std::string_view head) {
  head = head.substr(0, 1U << 16U);
  return FirstOf(head) == '{' && head.find("\"user_task_id\"") != std::string_view::npos &&
         (head.find("\"pipeline_name\"") != std::string_view::npos ||
          head.find("\"suite_name\"") != std::string_view::npos);
}

Expected<ForeignTrial> ReadAgentDojoLog(std::string_view text, const std::string& where, bool keep_dialogue) {
  const auto attempt = [&](std::string_view json, ForeignTrial& trial, Fields& fields) {
    std::string seen;
    DialogueReader reader(keep_dialogue, trial, seen);
    if (!Walk(json, fields, reader)) return false;
    Interpret(fields, seen, trial);
    if (keep_dialogue && reader.any()) trial.dialogue = std::make_unique<Transcript>(reader.Finish());
    return true;
  };
  ForeignTrial trial;
  Fields fields;
  if (!attempt(text, trial, fields)) {
    // NaN durations and half surrogates: read it as Python wrote it.
    TRY_ASSIGN(const Json json, ParseLogJson(text, where));
    trial = {};
    fields = {};
    if (!attempt(json.Dump(), trial, fields)) return UserError("is no JSON object", where);
  }
  if (!fields.has_user_task || fields.user_task.empty())
    return UserError("is no log of AgentDojo: it has no user_task_id", where);
  trial.place = where;
  if (trial.dialogue) {
    trial.dialogue->stop = trial.error.empty() ? Stop::kAgentStop : Stop::kError;
    if (trial.exposed.value_or(false)) {
      trial.dialogue->exposure = {true, 1, Channel::kToolResult, {}, Delivery::kIntact};
      MarkInjected(fields.payloads, *trial.dialogue);
    }
  }
  return trial;
}

}  // namespace xsweep
