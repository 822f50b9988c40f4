// A choice of a chat completion: what its message holds, in every form that servers give it.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/chat_choice.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
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

bool IsEmptyValue(const Json& value) {
  if (value.is_string()) return value.AsString().empty();
  return value.is_null() || ((value.is_array() || value.is_object()) && value.size() == 0);
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
  const Json* arguments = function.Find("arguments");
  if (arguments == nullptr) arguments = function.Find("parameters");  // as some models' templates call them
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
  Json of_function = OthersOf(*function, {"name", "arguments", "parameters"});
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

/// SGLang's way is {type: abort, message: ...}; a number is a word that nobody knows.
std::string FinishWord(const Json* reason) {
  if (reason == nullptr || reason->is_null()) return {};
  if (reason->is_object()) return std::string(reason->StringOr("type", "unknown"));
  return reason->is_string() ? reason->AsString() : reason->Dump();
}

/// A gateway may say `stop` where its own upstream said, beside it, that the reply was cut or filtered, or that a call
/// could not be read.
std::string FinishOf(const Json& choice) {
  std::string said = FinishWord(choice.Find("finish_reason"));
  std::string upstream = FinishWord(choice.Find("native_finish_reason"));
  if (ReadFinish(said) == FinishReason::kStop && LostACall(upstream)) return upstream;
  switch (ReadFinish(upstream)) {
    case FinishReason::kLength:
    case FinishReason::kContentFilter:
    case FinishReason::kRefusal:
    case FinishReason::kError: return ReadFinish(said) == FinishReason::kStop ? upstream : said;
    case FinishReason::kStop:
    case FinishReason::kToolCalls:
    case FinishReason::kUnknown: break;
  }
  return said;
}

}  // namespace

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

void ReadChoiceError(const Json& choice, ModelReply& reply) {
  Json holder = Json::MakeObject();
  if (const Json* error = choice.Find("error")) holder.Set("error", *error);
  const auto error = FindServerError(holder);
  if (!error) return;
  reply.finish_reason = "error";
  reply.refusal = Quoted(error->message);
}

}  // namespace xsweep
