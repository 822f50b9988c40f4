// OpenAI-compatible chat completions: OpenAI, Groq, vLLM, Ollama, llama.cpp, LiteLLM and others.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/chat.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/replies/answer.h"
#include "models/replies/legal.h"
#include "models/replies/stream.h"
#include "models/wires/chat_choice.h"
#include "models/wires/prompt_cache.h"
#include "models/wires/request_pieces.h"
#include "models/wires/tool_texts.h"

namespace xsweep {
namespace {

/// Members that came with a message or a call, as they came.
void AppendMembers(const Json& members, std::string_view but, std::string& out) {
  if (!members.is_object()) return;
  for (const auto& [key, value] : members.members()) {
    if (key == but) continue;
    out += ',';
    AppendJsonString(key, out);
    out += ':';
    value.AppendTo(out);
  }
}

void AppendCall(const ToolCall& call, const LegalNames& names, std::string& out) {
  AppendMember(R"({"id":)", call.id, out);
  AppendMember(R"(,"type":"function","function":{"name":)", names.Of(call.name), out);
  AppendMember(R"(,"arguments":)", WritableArguments(call.arguments).Dump(), out);
  if (const Json* more = call.more.Find("function")) AppendMembers(*more, {}, out);
  out += '}';
  AppendMembers(call.more, "function", out);
  out += '}';
}

/// Servers refuse messages without a word; beside calls they want null, or "" where null is refused.
void AppendAgent(const Endpoint& endpoint, const Message& message, const LegalNames& names, std::string& out) {
  const Json* content = endpoint.send_thought ? message.kept.Find("content") : nullptr;
  out += R"({"role":"assistant","content":)";
  if (content != nullptr && !(content->is_string() && IsBlank(content->AsString()))) {
    content->AppendTo(out);
  } else if (IsBlank(message.text) && !message.calls.empty()) {
    out += endpoint.null_content ? "null" : R"("")";
  } else {
    AppendJsonString(IsBlank(message.text) ? kNothingSaid : message.text, out);
  }
  const auto append = [&](const ToolCall& call, std::string& to) { AppendCall(call, names, to); };
  if (!message.calls.empty()) AppendList(message.calls, append, out += R"(,"tool_calls":)");
  if (!endpoint.send_thought || !message.kept.is_object()) return;
  for (const auto& [key, value] : message.kept.members()) {
    // The thought of a turn is wanted while its calls are answered; behind a closed turn some servers refuse it.
    const bool of_calls = key == "reasoning_content" || key == "reasoning";
    if (key == "content" || (of_calls && message.calls.empty())) continue;
    out += ',';
    AppendJsonString(key, out);
    out += ':';
    value.AppendTo(out);
  }
}

void AppendMessage(const Endpoint& endpoint, const Message& message, const LegalNames& names, std::string& out) {
  switch (message.speaker) {
    case Speaker::kSystem: AppendMember(R"({"role":"system","content":)", message.text, out); break;
    case Speaker::kUser:
      AppendMember(R"({"role":"user","content":)", IsBlank(message.text) ? kNothingSaid : message.text, out);
      break;
    case Speaker::kTool:
      AppendMember(R"({"role":"tool","tool_call_id":)", message.call_id, out);
      AppendMember(R"(,"content":)", IsBlank(message.text) ? kNothingSaid : message.text, out);
      break;
    case Speaker::kAgent: AppendAgent(endpoint, message, names, out);
  }
  out += '}';
}

void AppendTool(const ToolSchema& tool, const LegalNames& names, std::string& out) {
  AppendMember(R"({"type":"function","function":{"name":)", names.Of(tool.name), out);
  AppendMember(R"(,"description":)", tool.description, out);
  out += R"(,"parameters":)";
  tool.parameters.AppendTo(out);
  out += "}}";
}

void AppendTools(const std::vector<ToolSchema>& tools, std::string& out) {
  const LegalNames names(tools);
  AppendList(tools, [&](const ToolSchema& tool, std::string& to) { AppendTool(tool, names, to); }, out);
}

/// A word beside the choices that says that the reply was cut or failed, where no choice says why it ended: Ollama's
/// own `done_reason`, for one. Empty for any other.
std::string_view CutBeside(const Json& body) {
  for (const std::string_view place : {"done_reason", "stop_reason", "finish_reason", "status"}) {
    const std::string_view word = body.StringOr(place, "");
    const FinishReason finish = ReadFinish(word);
    if (finish != FinishReason::kStop && finish != FinishReason::kToolCalls && finish != FinishReason::kUnknown) {
      return word;
    }
  }
  return {};
}

Expected<ModelReply> ReadChat(const Json& body, bool parse_calls, const ModelRequest& request) {
  ModelReply reply;
  const Json* choices = body.Find("choices");
  if (choices == nullptr || !choices->is_array()) return Malformed("it has no `choices`");
  for (const Json& choice : choices->items()) {
    if (const Json* message = MessageOf(choice)) TRY(ReadChoice(choice, *message, reply));
    ReadChoiceError(choice, reply);
  }
  if (reply.finish_reason.empty()) reply.finish_reason = CutBeside(body);
  if (GuardrailIntervened(body)) reply.finish_reason = kIntervened;
  // What an agent refuses in so many words is its answer; other roles look at the refusal.
  if (IsBlank(reply.text) && reply.calls.empty()) reply.text = reply.finish_reason == "error" ? "" : reply.refusal;
  reply.finish = ReadFinish(reply.finish_reason);
  reply.model = body.StringOr("model", "");
  reply.usage = UsageOf(CountsOf(body, reply));
  SettleReply(request, parse_calls, reply);
  return reply;
}

/// A choice has a message, or says what went wrong.
bool ChatAnswers(const Json& body) {
  const Json* choices = body.Find("choices");
  return choices != nullptr && choices->is_array() && std::ranges::any_of(choices->items(), [](const Json& choice) {
           return MessageOf(choice) != nullptr || choice.Find("error") != nullptr;
         });
}

class OpenAiProvider final : public Provider {
 public:
  OpenAiProvider(Http& http, Endpoint endpoint) : http_(http), endpoint_(std::move(endpoint)) {}
  std::string_view name() const override { return endpoint_.model; }
  Async<Attempt> Try(const ModelRequest& request) override {
    std::string body = WriteOpenAiRequest(endpoint_, tools_.Of(request.tools), request);
    return PostAndRead(http_, endpoint_, request, std::move(body), ChatFormat());
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
  AppendMember(R"({"model":)", endpoint.model, out);
  out += R"(,"messages":[)";
  if (!request.system->empty()) {
    AppendRepeatedMember(R"({"role":"system","content":)", request.system, out);
    out += '}';
  }
  const LegalNames names(request.tools);
  for (const Message& message : request.messages) {
    if (out.back() != '[') out += ',';
    AppendMessage(endpoint, message, names, out);
  }
  out += ']';
  if (!request.tools->empty()) out.append(R"(,"tools":)").append(tools);
  const bool has_settings = endpoint.settings.is_object();
  if (endpoint.send_seed && !(has_settings && endpoint.settings.Find("seed") != nullptr)) {
    out += fmt::format(R"(,"seed":{})", ServerSeed(request.identity));
  }
  if (endpoint.prompt_cache_key && DialogueGoesOn(request.identity)) {
    AppendMember(R"(,"prompt_cache_key":)", PromptCacheKey(request.identity), out);
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

const WireFormat& ChatFormat() {
  static constexpr WireFormat kFormat{&JoinChatStream, &ChatAnswers, &ReadChat};
  return kFormat;
}

Expected<ModelReply> ReadOpenAiReply(std::string_view body, const ModelRequest& request) {
  return ReadWholeReply(ChatFormat(), body, request);
}

}  // namespace xsweep
