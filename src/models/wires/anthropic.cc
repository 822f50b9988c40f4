// Anthropic's Messages API with tool use.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/anthropic.h"

#include <algorithm>

#include "models/replies/answer.h"
#include "models/replies/legal.h"
#include "models/replies/stream.h"
#include "models/wires/prompt_cache.h"

namespace xsweep {
namespace {

Json TextBlock(std::string_view text) { return Json::MakeObject({{"type", "text"}, {"text", text}}); }

/// Ids and names as the API takes them.
struct Legal {
  LegalIds ids;
  LegalNames names;
};

Json CallBlock(const ToolCall& call, const Legal& legal) {
  return Json::MakeObject({{"type", "tool_use"},
                           {"id", legal.ids.Of(call.id)},
                           {"name", legal.names.Of(call.name)},
                           {"input", WritableArguments(call.arguments)}});
}

/// The call as the dialogue has it, with the members of its block that are none of ours.
Json KeptCallBlock(const Json& block, const ToolCall& call, const Legal& legal) {
  Json kept = CallBlock(call, legal);
  for (const auto& [key, value] : block.members()) {
    if (!value.is_null() && kept.Find(key) == nullptr) kept.Set(key, value);
  }
  return kept;
}

/// A block without the members that are null: replies have some that requests must not.
Json WithoutNulls(const Json& block) {
  Json bare = Json::MakeObject();
  for (const auto& [key, value] : block.members()) {
    if (!value.is_null()) bare.Set(key, value);
  }
  return bare;
}

void AppendResult(const Message& message, const Legal& legal, Json& blocks) {
  Json result = Json::MakeObject({{"type", "tool_result"},
                                  {"tool_use_id", legal.ids.Of(message.call_id)},
                                  {"content", IsBlank(message.text) ? kNothingSaid : std::string_view(message.text)}});
  if (message.error) result.Set("is_error", true);
  blocks.Append(std::move(result));
}

/// The blocks of a turn as they came, thinking with its signature among them; ids, names and inputs as the dialogue
/// has them, and texts without a word left out.
void AppendKept(const Message& message, const Legal& legal, bool send_thought, Json& blocks) {
  std::size_t calls = 0;
  bool ends_in_thought = true;
  for (const Json& block : message.kept.items()) {
    const std::string_view type = block.StringOr("type", "");
    const bool thought = type == "thinking" || type == "redacted_thinking";
    if (type == "text" && IsBlank(block.StringOr("text", ""))) continue;
    if (thought && !send_thought) continue;
    if (type == "tool_use") {
      if (calls < message.calls.size()) blocks.Append(KeptCallBlock(block, message.calls[calls++], legal));
    } else {
      blocks.Append(WithoutNulls(block));
    }
    ends_in_thought = thought;
  }
  for (; calls < message.calls.size(); ++calls, ends_in_thought = false) {
    blocks.Append(CallBlock(message.calls[calls], legal));
  }
  if (ends_in_thought) blocks.Append(TextBlock(kNothingSaid));  // the API takes no turn that ends in a thought
}

void AppendBlocks(const Message& message, const Legal& legal, bool send_thought, Json& blocks) {
  if (message.speaker == Speaker::kTool) return AppendResult(message, legal, blocks);
  if (message.kept.is_array()) return AppendKept(message, legal, send_thought, blocks);
  if (!IsBlank(message.text)) blocks.Append(TextBlock(message.text));
  for (const ToolCall& call : message.calls) blocks.Append(CallBlock(call, legal));
  if (IsBlank(message.text) && message.calls.empty()) blocks.Append(TextBlock(kNothingSaid));
}

/// All that one side said before the other spoke again.
struct Turn {
  std::string_view role;
  Json blocks = Json::MakeArray();
};

std::vector<Turn> TurnsOf(const ModelRequest& request, bool send_thought) {
  const std::vector<Message>& messages = request.messages;
  const Legal legal{LegalIds(messages), LegalNames(request.tools)};
  std::vector<Turn> turns(1, Turn{.role = "user"});
  if (messages.empty() || messages.front().speaker == Speaker::kAgent) turns[0].blocks.Append(TextBlock(kNothingSaid));
  for (const Message& message : messages) {
    const std::string_view speaks = message.speaker == Speaker::kAgent ? "assistant" : "user";
    if (speaks != turns.back().role) turns.push_back(Turn{.role = speaks});
    AppendBlocks(message, legal, send_thought, turns.back().blocks);
  }
  return turns;
}

/// At the end of the dialogue, for the next request; and where the one before ended, should more blocks have come since
/// than the server looks back by itself (20).
void MarkTurns(std::vector<Turn>& turns) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, turns.size()); back += 2) {
    Turn& turn = turns[turns.size() - back];
    if (turn.role == "user") MarkForCache(turn.blocks.MutableItems().back());
  }
}

Json WriteTurns(const Endpoint& endpoint, const ModelRequest& request) {
  std::vector<Turn> turns = TurnsOf(request, endpoint.send_thought);
  if (endpoint.prompt_cache && DialogueGoesOn(request.identity)) MarkTurns(turns);
  Json written = Json::MakeArray();
  for (Turn& turn : turns) {
    written.Append(Json::MakeObject({{"role", turn.role}, {"content", std::move(turn.blocks)}}));
  }
  return written;
}

/// Tools and system prompt are what all trials of a cell begin with; the server reads tools first.
void SetTools(const Endpoint& endpoint, const ModelRequest& request, Json& body) {
  if (request.tools->empty()) return;
  const LegalNames names(request.tools);
  Json tools = Json::MakeArray();
  for (const ToolSchema& tool : *request.tools) {
    tools.Append(Json::MakeObject(
        {{"name", names.Of(tool.name)}, {"description", tool.description}, {"input_schema", tool.parameters}}));
  }
  if (endpoint.prompt_cache && IsBlank(*request.system)) MarkForCache(tools.MutableItems().back());
  body.Set("tools", std::move(tools));
}

void SetSystem(const Endpoint& endpoint, const ModelRequest& request, Json& body) {
  if (IsBlank(*request.system)) return;  // the API refuses one without a word
  if (!endpoint.prompt_cache) {
    body.Set("system", *request.system);
    return;
  }
  Json block = TextBlock(*request.system);
  MarkForCache(block);
  body.Set("system", Json::MakeArray({std::move(block)}));
}

Expected<Json> ReadInput(const Json* input) {
  if (input == nullptr || input->is_null()) return Json::MakeObject();
  if (input->is_object()) return *input;
  return input->is_string() ? ReadArguments(input->AsString()) : Json(input->Dump());
}

Status ReadBlock(const Json& block, ModelReply& reply) {
  const std::string_view type = block.StringOr("type", "");
  if (type == "text") {
    reply.text += block.StringOr("text", "");
  } else if (type == "thinking") {
    reply.reasoning += block.StringOr("thinking", "");
  } else if (type == "tool_use") {
    ToolCall call;
    call.id = block.StringOr("id", "");
    call.name = block.StringOr("name", "");
    TRY_ASSIGN(call.arguments, ReadInput(block.Find("input")));
    reply.calls.push_back(std::move(call));
  } else if (type.empty()) {
    return Malformed("a block of its `content` has no type");
  }
  return {};
}

bool HoldsThoughtOrMore(const Json& content) {
  return std::ranges::any_of(content.items(), [](const Json& block) {
    const std::string_view type = block.StringOr("type", "");
    return (type != "text" && type != "tool_use") || block.Find("citations") != nullptr ||
           (type == "tool_use" && block.size() > 4);
  });
}

Expected<ModelReply> ReadMessages(const Json& body, bool parse_calls, const ModelRequest& request) {
  const Json* content = body.Find("content");
  if (content == nullptr || !content->is_array()) return Malformed("it has no `content` list");
  ModelReply reply;
  for (const Json& block : content->items()) TRY(ReadBlock(block, reply));
  if (TakeThought(reply) || HoldsThoughtOrMore(*content)) reply.kept = *content;
  reply.finish_reason = body.StringOr("stop_reason", "");
  if (GuardrailIntervened(body)) reply.finish_reason = kIntervened;
  reply.finish = ReadFinish(reply.finish_reason);
  if (reply.finish == FinishReason::kRefusal) reply.refusal = reply.text.empty() ? "(no words)" : reply.text;
  reply.model = body.StringOr("model", "");
  reply.usage = UsageOf(CountsOf(body, reply));
  SettleReply(request, parse_calls, reply);
  return reply;
}

bool MessagesAnswer(const Json& body) {
  const Json* content = body.Find("content");
  return content != nullptr && content->is_array();
}

class AnthropicProvider final : public Provider {
 public:
  AnthropicProvider(Http& http, Endpoint endpoint) : http_(http), endpoint_(std::move(endpoint)) {}
  std::string_view name() const override { return endpoint_.model; }
  Async<Attempt> Try(const ModelRequest& request) override {
    std::string body = WriteAnthropicRequest(endpoint_, request);
    return PostAndRead(http_, endpoint_, request, std::move(body), AnthropicFormat());
  }

 private:
  Http& http_;
  const Endpoint endpoint_;
};

}  // namespace

std::unique_ptr<Provider> MakeAnthropicProvider(Http& http, Endpoint endpoint) {
  return std::make_unique<AnthropicProvider>(http, std::move(endpoint));
}

std::string WriteAnthropicRequest(const Endpoint& endpoint, const ModelRequest& request) {
  Json body = Json::MakeObject({{"model", endpoint.model}, {"max_tokens", kAnthropicMaxTokens}});
  SetSystem(endpoint, request, body);
  body.Set("messages", WriteTurns(endpoint, request));
  SetTools(endpoint, request, body);
  if (endpoint.settings.is_object()) {
    for (const auto& [name, value] : endpoint.settings.members()) body.Set(name, value);
  }
  return body.Dump();
}

const WireFormat& AnthropicFormat() {
  static constexpr WireFormat kFormat{&JoinAnthropicStream, &MessagesAnswer, &ReadMessages};
  return kFormat;
}

Expected<ModelReply> ReadAnthropicReply(std::string_view body, const ModelRequest& request) {
  return ReadWholeReply(AnthropicFormat(), body, request);
}

}  // namespace xsweep
