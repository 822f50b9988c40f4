// OpenAI-compatible chat completions: OpenAI, Groq, vLLM, Ollama, llama.cpp, LiteLLM and others.
// SPDX-License-Identifier: Apache-2.0
#include "parts/providers/openai.h"

namespace xsweep {
namespace {

Json WriteCalls(const std::vector<ToolCall>& calls) {
  Json list = Json::MakeArray();
  for (const ToolCall& call : calls) {
    Json function = Json::MakeObject({{"name", call.name}, {"arguments", WritableArguments(call.arguments).Dump()}});
    list.Append(Json::MakeObject({{"id", call.id}, {"type", "function"}, {"function", std::move(function)}}));
  }
  return list;
}

Json WriteMessage(const Message& message) {
  switch (message.speaker) {
    case Speaker::kSystem: return Json::MakeObject({{"role", "system"}, {"content", message.text}});
    case Speaker::kUser: return Json::MakeObject({{"role", "user"}, {"content", message.text}});
    case Speaker::kTool:
      return Json::MakeObject({{"role", "tool"}, {"tool_call_id", message.call_id}, {"content", message.text}});
    case Speaker::kAgent: break;
  }
  Json json = Json::MakeObject({{"role", "assistant"}, {"content", message.text}});
  if (message.calls.empty()) return json;
  if (message.text.empty()) json.Set("content", nullptr);
  json.Set("tool_calls", WriteCalls(message.calls));
  return json;
}

Json WriteTools(const std::vector<ToolSchema>& tools) {
  Json list = Json::MakeArray();
  for (const ToolSchema& tool : tools) {
    Json function = Json::MakeObject(
        {{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
    list.Append(Json::MakeObject({{"type", "function"}, {"function", std::move(function)}}));
  }
  return list;
}

/// A string, null, or a list of parts of which those with text count.
Expected<std::string> ReadContent(const Json* content) {
  if (content == nullptr || content->is_null()) return std::string();
  if (content->is_string()) return content->AsString();
  if (!content->is_array()) return Malformed("`content` is neither text nor a list of parts");
  std::string text;
  for (const Json& part : content->items()) text += part.StringOr("text", "");
  return text;
}

Expected<ToolCall> ReadCall(const Json& json) {
  const Json* function = json.Find("function");
  if (function == nullptr || !function->is_object()) return Malformed("a tool call has no `function`");
  ToolCall call;
  call.id = json.StringOr("id", "");
  call.name = function->StringOr("name", "");
  if (call.name.empty()) return Malformed("a tool call has no name");
  const Json* arguments = function->Find("arguments");
  if (arguments == nullptr || arguments->is_null()) {
    call.arguments = Json::MakeObject();
  } else if (arguments->is_object()) {
    call.arguments = *arguments;  // Ollama's way
  } else {
    call.arguments = ReadArguments(arguments->is_string() ? arguments->AsString() : arguments->Dump());
  }
  return call;
}

Expected<std::vector<ToolCall>> ReadCalls(const Json* list) {
  std::vector<ToolCall> calls;
  if (list == nullptr || list->is_null()) return calls;
  if (!list->is_array()) return Malformed("`tool_calls` is no list");
  for (const Json& item : list->items()) {
    TRY_ASSIGN(ToolCall call, ReadCall(item));
    calls.push_back(std::move(call));
  }
  return calls;
}

Usage ReadUsage(const Json* json) {
  Usage usage;
  usage.calls = 1;
  const std::int64_t prompt = json == nullptr ? -1 : json->IntOr("prompt_tokens", -1);
  const std::int64_t completion = json == nullptr ? -1 : json->IntOr("completion_tokens", -1);
  usage.cost_known = prompt >= 0 && completion >= 0;
  usage.prompt_tokens = std::max<std::int64_t>(prompt, 0);
  usage.completion_tokens = std::max<std::int64_t>(completion, 0);
  return usage;
}

class OpenAiProvider final : public Provider {
 public:
  OpenAiProvider(Http& http, Endpoint endpoint) : http_(http), endpoint_(std::move(endpoint)) {}
  std::string_view name() const override { return endpoint_.model; }
  Async<Attempt> Try(const ModelRequest& request) override {
    std::string body = WriteOpenAiRequest(endpoint_, request);
    return PostAndRead(http_, endpoint_, request, std::move(body), &ReadOpenAiReply);
  }

 private:
  Http& http_;
  const Endpoint endpoint_;
};

}  // namespace

std::unique_ptr<Provider> MakeOpenAiProvider(Http& http, Endpoint endpoint) {
  return std::make_unique<OpenAiProvider>(http, std::move(endpoint));
}

std::string WriteOpenAiRequest(const Endpoint& endpoint, const ModelRequest& request) {
  Json messages = Json::MakeArray();
  if (!request.system.empty()) {
    messages.Append(Json::MakeObject({{"role", "system"}, {"content", request.system}}));
  }
  for (const Message& message : request.messages) messages.Append(WriteMessage(message));
  Json body = Json::MakeObject({{"model", endpoint.model}, {"messages", std::move(messages)}});
  if (!request.tools.empty()) body.Set("tools", WriteTools(request.tools));
  if (endpoint.send_seed) body.Set("seed", ServerSeed(request.identity));
  if (endpoint.settings.is_object()) {
    for (const auto& [name, value] : endpoint.settings.members()) body.Set(name, value);
  }
  return body.Dump();
}

Expected<ModelReply> ReadOpenAiReply(std::string_view body, const ModelRequest& request) {
  const auto json = Json::Parse(body);
  if (!json) return Malformed("it is not JSON");
  if (!json->is_object()) return Malformed("it is no JSON object");
  if (const Json* error = json->Find("error"); error != nullptr && !error->is_null()) {
    return Malformed("it is an error: " + std::string(error->StringOr("message", "without a message").substr(0, 300)));
  }
  const Json* choices = json->Find("choices");
  if (choices == nullptr || !choices->is_array()) return Malformed("it has no `choices`");
  if (choices->size() == 0) return Malformed("`choices` is empty");
  const Json& choice = choices->items().front();
  const Json* message = choice.Find("message");
  if (message == nullptr || !message->is_object()) return Malformed("its first choice has no `message`");
  ModelReply reply;
  TRY_ASSIGN(reply.text, ReadContent(message->Find("content")));
  if (reply.text.empty()) reply.text = message->StringOr("refusal", "");
  TRY_ASSIGN(reply.calls, ReadCalls(message->Find("tool_calls")));
  MakeIdsUnique(request, reply.calls);
  reply.reasoning = message->StringOr("reasoning_content", message->StringOr("reasoning", ""));
  reply.finish_reason = choice.StringOr("finish_reason", "");
  reply.usage = ReadUsage(json->Find("usage"));
  return reply;
}

}  // namespace xsweep
