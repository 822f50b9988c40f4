// Anthropic's Messages API with tool use.
// SPDX-License-Identifier: Apache-2.0
#include "models/anthropic.h"

namespace xsweep {
namespace {

constexpr std::string_view kNothingSaid = "(nothing)";  // the API refuses empty texts

Json TextBlock(std::string_view text) { return Json::MakeObject({{"type", "text"}, {"text", text}}); }

void AppendBlocks(const Message& message, Json& blocks) {
  if (message.speaker == Speaker::kTool) {
    Json result =
        Json::MakeObject({{"type", "tool_result"}, {"tool_use_id", message.call_id}, {"content", message.text}});
    if (message.error) result.Set("is_error", true);
    blocks.Append(std::move(result));
    return;
  }
  if (!message.text.empty()) blocks.Append(TextBlock(message.text));
  for (const ToolCall& call : message.calls) {
    blocks.Append(Json::MakeObject(
        {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", WritableArguments(call.arguments)}}));
  }
  if (message.text.empty() && message.calls.empty()) blocks.Append(TextBlock(kNothingSaid));
}

Json Turn(std::string_view role, Json blocks) {
  return Json::MakeObject({{"role", role}, {"content", std::move(blocks)}});
}

Json WriteTurns(const std::vector<Message>& messages) {
  Json turns = Json::MakeArray();
  std::string_view side = "user";
  Json blocks = Json::MakeArray();
  if (messages.empty() || messages.front().speaker == Speaker::kAgent) blocks.Append(TextBlock(kNothingSaid));
  for (const Message& message : messages) {
    const std::string_view speaks = message.speaker == Speaker::kAgent ? "assistant" : "user";
    if (speaks != side) {
      turns.Append(Turn(side, std::exchange(blocks, Json::MakeArray())));
      side = speaks;
    }
    AppendBlocks(message, blocks);
  }
  turns.Append(Turn(side, std::move(blocks)));
  return turns;
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
    if (call.name.empty()) return Malformed("a tool call has no name");
    TRY_ASSIGN(call.arguments, ReadInput(block.Find("input")));
    reply.calls.push_back(std::move(call));
  } else if (type.empty()) {
    return Malformed("a block of its `content` has no type");
  }
  return {};
}

Usage ReadUsage(const Json* json) {
  Usage usage;
  usage.calls = 1;
  const auto count = [&](std::string_view key) { return json == nullptr ? -1 : json->IntOr(key, -1); };
  const std::int64_t input = count("input_tokens");
  const std::int64_t output = count("output_tokens");
  usage.cost_known = input >= 0 && output >= 0;
  usage.prompt_tokens = std::max<std::int64_t>(input, 0) +
                        std::max<std::int64_t>(count("cache_creation_input_tokens"), 0) +
                        std::max<std::int64_t>(count("cache_read_input_tokens"), 0);
  usage.completion_tokens = std::max<std::int64_t>(output, 0);
  return usage;
}

class AnthropicProvider final : public Provider {
 public:
  AnthropicProvider(Http& http, Endpoint endpoint) : http_(http), endpoint_(std::move(endpoint)) {}
  std::string_view name() const override { return endpoint_.model; }
  Async<Attempt> Try(const ModelRequest& request) override {
    std::string body = WriteAnthropicRequest(endpoint_, request);
    return PostAndRead(http_, endpoint_, request, std::move(body), &ReadAnthropicReply);
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
  Json body = Json::MakeObject({{"model", endpoint.model}, {"max_tokens", 4096}});
  if (!request.system.empty()) body.Set("system", request.system);
  body.Set("messages", WriteTurns(request.messages));
  if (!request.tools.empty()) {
    Json tools = Json::MakeArray();
    for (const ToolSchema& tool : request.tools) {
      tools.Append(Json::MakeObject(
          {{"name", tool.name}, {"description", tool.description}, {"input_schema", tool.parameters}}));
    }
    body.Set("tools", std::move(tools));
  }
  if (endpoint.settings.is_object()) {
    for (const auto& [name, value] : endpoint.settings.members()) body.Set(name, value);
  }
  return body.Dump();
}

Expected<ModelReply> ReadAnthropicReply(std::string_view body, const ModelRequest& request) {
  const auto json = Json::Parse(body);
  if (!json) return Malformed("it is not JSON");
  if (!json->is_object()) return Malformed("it is no JSON object");
  if (const Json* error = json->Find("error"); error != nullptr && !error->is_null()) {
    return Malformed("it is an error: " + std::string(error->StringOr("message", "without a message").substr(0, 300)));
  }
  const Json* content = json->Find("content");
  if (content == nullptr || !content->is_array()) return Malformed("it has no `content` list");
  ModelReply reply;
  for (const Json& block : content->items()) TRY(ReadBlock(block, reply));
  MakeIdsUnique(request, reply.calls);
  reply.finish_reason = json->StringOr("stop_reason", "");
  reply.usage = ReadUsage(json->Find("usage"));
  return reply;
}

}  // namespace xsweep
