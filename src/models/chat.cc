// OpenAI-compatible chat completions: OpenAI, Groq, vLLM, Ollama, llama.cpp, LiteLLM and others.
// SPDX-License-Identifier: Apache-2.0
#include "models/chat.h"

#include <fmt/format.h>

#include "models/tool_texts.h"

namespace xsweep {
namespace {

// Requests are written as text rather than built as a Json first: a dialogue is sent again with every turn, and
// building its tree was most of a call's cost.
void AppendText(std::string_view before, std::string_view text, std::string& out) {
  out += before;
  AppendJsonString(text, out);
}

void AppendCalls(const std::vector<ToolCall>& calls, std::string& out) {
  out += R"(,"tool_calls":[)";
  for (const ToolCall& call : calls) {
    if (&call != &calls.front()) out += ',';
    AppendText(R"({"id":)", call.id, out);
    AppendText(R"(,"type":"function","function":{"name":)", call.name, out);
    AppendText(R"(,"arguments":)", WritableArguments(call.arguments).Dump(), out);
    out += "}}";
  }
  out += ']';
}

void AppendMessage(const Message& message, std::string& out) {
  switch (message.speaker) {
    case Speaker::kSystem: AppendText(R"({"role":"system","content":)", message.text, out); break;
    case Speaker::kUser: AppendText(R"({"role":"user","content":)", message.text, out); break;
    case Speaker::kTool:
      AppendText(R"({"role":"tool","tool_call_id":)", message.call_id, out);
      AppendText(R"(,"content":)", message.text, out);
      break;
    case Speaker::kAgent:
      out += R"({"role":"assistant","content":)";
      if (message.text.empty() && !message.calls.empty()) {
        out += "null";
      } else {
        AppendJsonString(message.text, out);
      }
      if (!message.calls.empty()) AppendCalls(message.calls, out);
  }
  out += '}';
}

void AppendTools(const std::vector<ToolSchema>& tools, std::string& out) {
  out += '[';
  for (const ToolSchema& tool : tools) {
    if (&tool != &tools.front()) out += ',';
    AppendText(R"({"type":"function","function":{"name":)", tool.name, out);
    AppendText(R"(,"description":)", tool.description, out);
    out += R"(,"parameters":)";
    tool.parameters.AppendTo(out);
    out += "}}";
  }
  out += ']';
}

std::size_t LikelySize(const ModelRequest& request) {
  std::size_t size = 1024 + request.system.size();
  for (const Message& message : request.messages) size += message.text.size() + 64 + message.calls.size() * 256;
  return size + size / 8;
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
    std::string body = WriteOpenAiRequest(endpoint_, tools_.Of(request.tools), request);
    return PostAndRead(http_, endpoint_, request, std::move(body), &ReadOpenAiReply);
  }

 private:
  Http& http_;
  const Endpoint endpoint_;
  ToolTexts tools_{&AppendTools};
};

}  // namespace

std::unique_ptr<Provider> MakeOpenAiProvider(Http& http, Endpoint endpoint) {
  return std::make_unique<OpenAiProvider>(http, std::move(endpoint));
}

std::string WriteOpenAiRequest(const Endpoint& endpoint, const ModelRequest& request) {
  std::string tools;
  AppendTools(request.tools, tools);
  return WriteOpenAiRequest(endpoint, tools, request);
}

std::string WriteOpenAiRequest(const Endpoint& endpoint, std::string_view tools, const ModelRequest& request) {
  std::string out;
  out.reserve(LikelySize(request) + tools.size());
  AppendText(R"({"model":)", endpoint.model, out);
  out += R"(,"messages":[)";
  if (!request.system.empty()) {
    AppendText(R"({"role":"system","content":)", request.system, out);
    out += '}';
  }
  for (const Message& message : request.messages) {
    if (out.back() != '[') out += ',';
    AppendMessage(message, out);
  }
  out += ']';
  if (!request.tools.empty()) out.append(R"(,"tools":)").append(tools);
  const bool has_settings = endpoint.settings.is_object();
  if (endpoint.send_seed && !(has_settings && endpoint.settings.Find("seed") != nullptr)) {
    out += fmt::format(R"(,"seed":{})", ServerSeed(request.identity));
  }
  for (std::size_t i = 0; has_settings && i < endpoint.settings.size(); ++i) {
    const auto& [name, value] = endpoint.settings.members()[i];
    out += ',';
    AppendJsonString(name, out);
    out += ':';
    value.AppendTo(out);
  }
  out += '}';
  return out;
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
