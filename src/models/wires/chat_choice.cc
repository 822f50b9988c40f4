// A choice of a chat completion: what its message holds, in every form that servers give it.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/chat_choice.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/replies/answer.h"
#include "models/replies/legal.h"
#include "models/wires/failures.h"
#include "models/wires/wire.h"

namespace xsweep {
namespace {

/// What a choice's message holds.
struct Pieces {
  std::string text;
  std::string thought;
  std::string refusal;
  Json parts{};                 ///< the content, where it was a list, as it may go back
  std::vector<ToolCall> calls;  ///< calls that stood in the content
};

/// The text in a part, in an object inside one (Assistants' form), or in a list of parts inside one (Mistral's
/// thinking).
std::string TextOfPart(const Json* part) {
  if (part == nullptr) return {};
  if (part->is_string()) return part->AsString();
  if (part->is_object()) return std::string(part->StringOr("value", ""));
  std::string text;
  for (std::size_t i = 0; part->is_array() && i < part->size(); ++i) text += part->items()[i].StringOr("text", "");
  return text;
}

bool IsEmptyValue(const Json& value) {
  if (value.is_string()) return value.AsString().empty();
  return value.is_null() || ((value.is_array() || value.is_object()) && value.size() == 0);
}

bool IsEmptyForm(const Json& object) {
  return std::ranges::all_of(object.members(), [](const Json::Member& member) { return IsEmptyValue(member.second); });
}

/// What is no member of ours and not empty: it goes back as it came.
Json OthersOf(const Json& object, std::initializer_list<std::string_view> known) {
  Json others;
  for (const auto& [key, value] : object.members()) {
    if (!IsEmptyValue(value) && std::ranges::find(known, key) == known.end()) others.Set(key, value);
  }
  return others;
}

Json ArgumentsOf(const Json& function) {
  const Json* arguments = nullptr;
  for (const std::string_view key :
       {"arguments", "parameters", "input", "args"}) {  // as templates and others call them
    if (arguments == nullptr) arguments = function.Find(key);
  }
  if (arguments == nullptr || arguments->is_null()) return Json::MakeObject();
  if (arguments->is_object()) return *arguments;  // Ollama's way
  return ReadArguments(arguments->is_string() ? arguments->AsString() : arguments->Dump());
}

/// A call that a gateway left among the parts of the content as another API writes it: Claude's tool_use, Responses'
/// function_call, Gemini's functionCall.
std::optional<ToolCall> CallInPart(const Json& part) {
  const Json* function = part.Find("functionCall");
  if (function == nullptr) function = part.Find("function_call");
  const std::string_view type = part.StringOr("type", "");
  if (type == "tool_use" || type == "function_call" || type == "tool_call") function = &part;
  if (function == nullptr || function->StringOr("name", "").empty()) return std::nullopt;
  ToolCall call;
  call.id = part.StringOr("call_id", part.StringOr("id", ""));
  call.name = function->StringOr("name", "");
  call.arguments = ArgumentsOf(*function);
  call.more = OthersOf(part, {"id", "call_id", "type", "index", "name", "arguments", "parameters", "input", "args",
                              "functionCall", "function_call"});
  return call;
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
    pieces.text += TextOfPart(part.Find("text") != nullptr ? part.Find("text") : part.Find("content"));
  }
}

/// Servers refuse a part without a word, though they write them.
bool IsBlankPart(const Json& part) {
  const Json* text = part.Find("text");
  return part.StringOr("type", "text") == "text" &&
         (text == nullptr || (text->is_string() && IsBlank(text->AsString())));
}

/// A string, null, a part, or a list of parts of which those with text and those that are calls count.
Status ReadContent(const Json* content, Pieces& pieces) {
  if (content == nullptr || content->is_null()) return {};
  if (content->is_string()) {
    pieces.text = content->AsString();
    return {};
  }
  const bool one_part = content->is_object() && content->Find("text") != nullptr;
  if (!content->is_array() && !one_part) return Malformed("`content` is neither text nor a list of parts");
  const Json list = one_part ? Json::MakeArray({*content}) : *content;
  pieces.parts = Json::MakeArray();
  for (const Json& part : list.items()) {
    if (auto call = CallInPart(part)) {
      pieces.calls.push_back(std::move(*call));
      continue;
    }
    AddPart(part, pieces);
    if (!IsBlankPart(part)) pieces.parts.Append(part);
  }
  return {};
}

/// A call without a `function` around it (Cloudflare's way), or with its bare name there.
std::optional<ToolCall> ReadFlatCall(const Json& json, const Json* function) {
  ToolCall call;
  call.id = json.StringOr("id", "");
  call.name = function == nullptr ? json.StringOr("name", "") : function->is_string() ? function->AsString() : "";
  const bool of_no_name = json.Find("name") != nullptr && json.Find("arguments") != nullptr;
  if (call.name.empty() && !of_no_name) return std::nullopt;
  call.arguments = ArgumentsOf(json);
  call.more = OthersOf(json, {"id", "type", "function", "index", "name", "arguments", "parameters", "input", "args"});
  return call;
}

Expected<ToolCall> ReadCall(const Json& json) {
  const Json* function = json.Find("function");
  if (function == nullptr || !function->is_object()) {
    if (auto flat = ReadFlatCall(json, function)) return std::move(*flat);
    return Malformed("a tool call has no `function`");
  }
  ToolCall call;
  call.id = json.StringOr("id", "");
  call.name = function->StringOr("name", "");
  call.arguments = ArgumentsOf(*function);
  call.more = OthersOf(json, {"id", "type", "function", "index"});
  Json of_function = OthersOf(*function, {"name", "arguments", "parameters"});
  if (!of_function.is_null()) call.more.Set("function", std::move(of_function));
  return call;
}

/// A list, one call that stands for a list of one, or nothing in the spelling of some gateway.
Status ReadCallList(const Json* list, std::vector<ToolCall>& calls) {
  if (list == nullptr || list->is_null() || *list == Json("") || *list == Json(false)) return {};
  const bool one = list->is_object() && list->Find("function") != nullptr;
  if (!list->is_array() && !one) return Malformed("`tool_calls` is no list");
  const Json all = one ? Json::MakeArray({*list}) : *list;
  for (const Json& item : all.items()) {
    if (item.is_null()) continue;
    TRY_ASSIGN(ToolCall call, ReadCall(item));
    calls.push_back(std::move(call));
  }
  return {};
}

Status ReadCalls(const Json& message, Pieces& pieces, std::vector<ToolCall>& calls) {
  TRY(ReadCallList(message.Find("tool_calls"), calls));
  if (calls.empty()) calls = std::move(pieces.calls);
  // The older form, of which there is at most one; some gateways append an empty one to every message.
  const Json* function = message.Find("function_call");
  if (calls.empty() && function != nullptr && function->is_object() && !IsEmptyForm(*function)) {
    calls.push_back({"", std::string(function->StringOr("name", "")), ArgumentsOf(*function)});
  }
  return {};
}

/// Members of a reply's message that no server wants back, beside those that are read here.
Json KeptOf(const Json& message, const Pieces& pieces) {
  Json kept = OthersOf(
      message, {"role", "content", "tool_calls", "function_call", "refusal", "annotations", "audio", "images", "name"});
  if (pieces.parts.is_array() && pieces.parts.size() > 0) kept.Set("content", pieces.parts);
  // Some servers refuse a turn with calls whose thought is not there, also where it held no word.
  const Json* thought = message.Find("reasoning_content");
  if (thought != nullptr && thought->is_string() && thought->AsString().empty()) kept.Set("reasoning_content", "");
  return kept;
}

/// SGLang's way is {type: abort, message: ...}; a number is a word that nobody knows.
std::string FinishWord(const Json* reason) {
  if (reason == nullptr || reason->is_null()) return {};
  if (reason->is_object()) return std::string(reason->StringOr("type", "unknown"));
  return reason->is_string() ? reason->AsString() : reason->Dump();
}

std::string WordIn(const Json& choice, std::string_view place, std::string_view name) {
  const Json* object = choice.Find(place);
  return object == nullptr ? std::string() : FinishWord(object->Find(name));
}

/// What stands beside `finish_reason`, or in its place where there is none.
std::string UpstreamWord(const Json& choice, bool nothing_said) {
  std::string word = FinishWord(choice.Find("native_finish_reason"));
  if (word.empty()) word = WordIn(choice, "provider_specific_fields", "native_finish_reason");  // LiteLLM's place
  if (!word.empty() || !nothing_said) return word;
  word = FinishWord(choice.Find("finish_details"));
  if (word.empty()) word = FinishWord(choice.Find("stop_reason"));
  for (const std::string_view name : {"finish_reason", "stop_reason"}) {
    if (word.empty()) word = WordIn(choice, "message", name);
  }
  return word;
}

/// A gateway may say `stop`, `tool_calls` or nothing where its own upstream said, beside it, that the reply was cut or
/// filtered, or that a call could not be read.
std::string FinishOf(const Json& choice) {
  std::string said = FinishWord(choice.Find("finish_reason"));
  std::string upstream = UpstreamWord(choice, said.empty());
  const FinishReason finish = ReadFinish(said);
  const bool sound = finish == FinishReason::kStop || finish == FinishReason::kToolCalls || said.empty();
  if (sound && finish != FinishReason::kToolCalls && LostACall(upstream)) return upstream;
  switch (ReadFinish(upstream)) {
    case FinishReason::kLength:
    case FinishReason::kContentFilter:
    case FinishReason::kRefusal:
    case FinishReason::kError: return sound ? upstream : said;
    case FinishReason::kStop:
    case FinishReason::kToolCalls:
    case FinishReason::kUnknown: break;
  }
  return said;
}

/// The thought that a server has told apart, under whichever name; several may be there, and some of them empty.
std::string_view GivenThought(const Json& message) {
  for (const std::string_view name : {"reasoning_content", "reasoning", "thinking", "reasoning_text"}) {
    if (const std::string_view thought = message.StringOr(name, ""); !IsBlank(thought)) return thought;
  }
  return {};
}

}  // namespace

const Json* MessageOf(const Json& choice) {
  for (const std::string_view name : {"message", "delta"}) {
    const Json* message = choice.Find(name);
    if (message != nullptr && message->is_object()) return message;
  }
  static const Json kNothing = Json::MakeObject();
  switch (ReadFinish(FinishWord(choice.Find("finish_reason")))) {
    case FinishReason::kLength:
    case FinishReason::kContentFilter:
    case FinishReason::kRefusal: return &kNothing;
    case FinishReason::kStop:
    case FinishReason::kToolCalls:
    case FinishReason::kError:
    case FinishReason::kUnknown: break;
  }
  return nullptr;
}

Status ReadChoice(const Json& choice, const Json& message, ModelReply& reply) {
  Pieces pieces;
  TRY(ReadContent(message.Find("content"), pieces));
  std::vector<ToolCall> calls;
  TRY(ReadCalls(message, pieces, calls));
  ModelReply part;
  part.text = std::move(pieces.text);
  part.reasoning = std::string(GivenThought(message)) + pieces.thought;
  const std::string raw = part.text;
  Json kept = KeptOf(message, pieces);
  if (TakeThought(part) && !pieces.parts.is_array()) kept.Set("content", raw);
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

void ReadChoiceError(const Json& choice, ModelReply& reply) {
  Json holder = Json::MakeObject();
  if (const Json* error = choice.Find("error")) holder.Set("error", *error);
  const auto error = FindServerError(holder);
  if (!error) return;
  reply.finish_reason = "error";
  reply.refusal = Quoted(error->message);
}

}  // namespace xsweep
