// OpenAI-compatible chat completions: OpenAI, Groq, vLLM, Ollama, llama.cpp, LiteLLM and others.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/chat.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "models/replies/answer.h"
#include "models/replies/legal.h"
#include "models/replies/stream.h"
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
  if (content != nullptr) {
    content->AppendTo(out);
  } else if (message.text.empty() && !message.calls.empty()) {
    out += endpoint.null_content ? "null" : R"("")";
  } else {
    AppendJsonString(IsBlank(message.text) && message.calls.empty() ? kNothingSaid : message.text, out);
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
      AppendMember(R"(,"content":)", message.text.empty() ? kNothingSaid : message.text, out);
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

/// What a choice's message holds.
struct Pieces {
  std::string text;
  std::string thought;
  std::string refusal;
  bool as_parts = false;  ///< the content was a list
};

/// The text in a part, or in a list of parts inside one (Mistral's thinking).
std::string TextOfPart(const Json* part) {
  if (part == nullptr) return {};
  if (part->is_string()) return part->AsString();
  std::string text;
  for (std::size_t i = 0; part->is_array() && i < part->size(); ++i) text += part->items()[i].StringOr("text", "");
  return text;
}

void AddPart(const Json& part, Pieces& pieces) {
  const std::string_view type = part.StringOr("type", "text");
  if (part.is_string()) {
    pieces.text += part.AsString();
  } else if (part.BoolOr("thought", false)) {
    pieces.thought += part.StringOr("text", "");  // Gemini's own form
  } else if (type == "thinking" || type == "reasoning" || type == "redacted_thinking") {
    pieces.thought +=
        TextOfPart(part.Find("thinking")) + TextOfPart(part.Find("text")) + TextOfPart(part.Find("reasoning"));
  } else if (type == "refusal") {
    pieces.refusal += part.StringOr("refusal", "");
  } else {
    pieces.text += part.StringOr("text", "");
  }
}

/// A string, null, or a list of parts of which those with text count.
Status ReadContent(const Json* content, Pieces& pieces) {
  if (content == nullptr || content->is_null()) return {};
  if (content->is_string()) {
    pieces.text = content->AsString();
    return {};
  }
  if (!content->is_array()) return Malformed("`content` is neither text nor a list of parts");
  pieces.as_parts = true;
  for (const Json& part : content->items()) AddPart(part, pieces);
  return {};
}

bool IsNothing(const Json& value) {
  if (value.is_string()) return value.AsString().empty();
  return value.is_null() || ((value.is_array() || value.is_object()) && value.size() == 0);
}

/// What is no member of ours and not empty: it goes back as it came.
Json OthersOf(const Json& object, std::initializer_list<std::string_view> known) {
  Json others;
  for (const auto& [key, value] : object.members()) {
    if (!IsNothing(value) && std::ranges::find(known, key) == known.end()) others.Set(key, value);
  }
  return others;
}

Json ArgumentsOf(const Json& function) {
  const Json* arguments = function.Find("arguments");
  if (arguments == nullptr || arguments->is_null()) return Json::MakeObject();
  if (arguments->is_object()) return *arguments;  // Ollama's way
  return ReadArguments(arguments->is_string() ? arguments->AsString() : arguments->Dump());
}

Expected<ToolCall> ReadCall(const Json& json) {
  const Json* function = json.Find("function");
  if (function == nullptr || !function->is_object()) return Malformed("a tool call has no `function`");
  ToolCall call;
  call.id = json.StringOr("id", "");
  call.name = function->StringOr("name", "");
  call.arguments = ArgumentsOf(*function);
  call.more = OthersOf(json, {"id", "type", "function", "index"});
  Json of_function = OthersOf(*function, {"name", "arguments"});
  if (!of_function.is_null()) call.more.Set("function", std::move(of_function));
  return call;
}

Status ReadCalls(const Json& message, std::vector<ToolCall>& calls) {
  const Json* list = message.Find("tool_calls");
  if (list != nullptr && !list->is_null()) {
    if (!list->is_array()) return Malformed("`tool_calls` is no list");
    for (const Json& item : list->items()) {
      TRY_ASSIGN(ToolCall call, ReadCall(item));
      calls.push_back(std::move(call));
    }
  }
  // The older form, of which there is at most one.
  const Json* function = message.Find("function_call");
  if (calls.empty() && function != nullptr && function->is_object()) {
    calls.push_back({"", std::string(function->StringOr("name", "")), ArgumentsOf(*function)});
  }
  return {};
}

/// Members of a reply's message that no server wants back, beside those that are read here.
Json KeptOf(const Json& message, const Pieces& pieces) {
  Json kept = OthersOf(
      message, {"role", "content", "tool_calls", "function_call", "refusal", "annotations", "audio", "images", "name"});
  if (pieces.as_parts) kept.Set("content", *message.Find("content"));
  // Some servers refuse a turn with calls whose thought is not there, also where it held no word.
  const Json* thought = message.Find("reasoning_content");
  if (thought != nullptr && thought->is_string() && thought->AsString().empty()) kept.Set("reasoning_content", "");
  return kept;
}

/// A gateway may say `stop` where its own upstream said, beside it, that the reply was cut or filtered.
std::string_view FinishOf(const Json& choice) {
  const std::string_view said = choice.StringOr("finish_reason", "");
  const std::string_view upstream = choice.StringOr("native_finish_reason", "");
  switch (ReadFinish(upstream)) {
    case FinishReason::kLength:
    case FinishReason::kContentFilter:
    case FinishReason::kRefusal:
    case FinishReason::kError: return ReadFinish(said) == FinishReason::kStop ? upstream : said;
    case FinishReason::kStop:
    case FinishReason::kToolCalls:
    case FinishReason::kUnknown: return said;
  }
  return said;
}

Status ReadChoice(const Json& choice, const Json& message, ModelReply& reply) {
  Pieces pieces;
  TRY(ReadContent(message.Find("content"), pieces));
  std::vector<ToolCall> calls;
  TRY(ReadCalls(message, calls));
  const std::string_view given = message.StringOr("reasoning_content", message.StringOr("reasoning", ""));
  ModelReply part;
  part.text = std::move(pieces.text);
  part.reasoning = std::string(given) + pieces.thought;
  const std::string raw = part.text;
  Json kept = KeptOf(message, pieces);
  if (TakeThought(part) && !pieces.as_parts) kept.Set("content", raw);
  if (pieces.refusal.empty()) pieces.refusal = message.StringOr("refusal", "");
  const bool first = reply.finish_reason.empty() && reply.calls.empty() && reply.text.empty();
  // Gateways split one answer into a choice with the words and one with the calls.
  if (!calls.empty() || first) {
    reply.finish_reason = FinishOf(choice);
    reply.kept = std::move(kept);
  }
  if (IsBlank(reply.text)) {
    reply.text = std::move(part.text);
  } else if (!IsBlank(part.text) && part.text != reply.text) {
    reply.text.append("\n").append(part.text);  // two answers where one was asked for: neither is dropped
  }
  if (reply.reasoning.empty()) reply.reasoning = std::move(part.reasoning);
  if (reply.refusal.empty()) reply.refusal = std::move(pieces.refusal);
  std::ranges::move(calls, std::back_inserter(reply.calls));
  return {};
}

/// The error that some gateways put into a choice, beside an answer that is none.
void ReadChoiceError(const Json& choice, ModelReply& reply) {
  Json holder = Json::MakeObject();
  if (const Json* error = choice.Find("error")) holder.Set("error", *error);
  const auto error = FindServerError(holder);
  if (!error) return;
  reply.finish_reason = "error";
  reply.refusal = Quoted(error->message);
}

/// Bedrock's guardrail puts its own words in place of the answer and ends it like one.
bool SaysIntervened(const Json& body) { return body.StringOr("amazon-bedrock-guardrailAction", "") == "INTERVENED"; }

Expected<ModelReply> ReadChat(const Json& body, bool parse_calls, const ModelRequest& request) {
  ModelReply reply;
  const Json* choices = body.Find("choices");
  if (choices == nullptr || !choices->is_array()) return Malformed("it has no `choices`");
  for (const Json& choice : choices->items()) {
    const Json* message = choice.Find("message");
    if (message != nullptr && message->is_object()) TRY(ReadChoice(choice, *message, reply));
    ReadChoiceError(choice, reply);
  }
  if (SaysIntervened(body)) reply.finish_reason = "guardrail_intervened";
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
           const Json* message = choice.Find("message");
           return (message != nullptr && message->is_object()) || choice.Find("error") != nullptr;
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
  if (!request.system.empty()) {
    AppendRepeatedMember(R"({"role":"system","content":)", request.system, out);
    out += '}';
  }
  const LegalNames names(request.tools);
  for (const Message& message : request.messages) {
    if (out.back() != '[') out += ',';
    AppendMessage(endpoint, message, names, out);
  }
  out += ']';
  if (!request.tools.empty()) out.append(R"(,"tools":)").append(tools);
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
