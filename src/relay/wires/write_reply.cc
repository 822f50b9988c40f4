// Replies as the three wires write them.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/write_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/characters.h"
#include "base/hash.h"
#include "net/event_stream.h"

namespace xsweep {
namespace {

constexpr std::int64_t kCreated = 1'700'000'000;  ///< a reply that depends on nothing but its request knows no clock
constexpr std::size_t kPiece = 24;                ///< bytes of text in one event

using Event = std::pair<std::string, Json>;

/// Letters and digits, a function of the seed.
std::string Word(std::string_view seed, std::string_view what, std::size_t length) {
  constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  for (std::uint64_t round = 0; out.size() < length; ++round) {
    std::uint64_t bits = Hash64(fmt::format("{}\n{}", seed, what), round);
    for (int i = 0; i < 10 && out.size() < length; ++i, bits /= 62) out += kLetters[bits % 62];
  }
  return out;
}

std::string HexWord(std::string_view seed, std::string_view what) {
  std::string out;
  for (std::uint64_t round = 0; round < 3; ++round)
    out += fmt::format("{:016x}", Hash64(fmt::format("{}\n{}", seed, what), round));
  return out;
}

/// Cut between characters, never within one. At least one piece.
std::vector<std::string> Pieces(std::string_view text) {
  std::vector<std::string> pieces;
  while (text.size() > kPiece) {
    std::size_t end = WholeCharacters(text, kPiece).size();
    if (end == 0) end = kPiece;
    pieces.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  pieces.emplace_back(text);
  return pieces;
}

std::string Arguments(const ToolCall& call) {
  return call.arguments.is_string() ? call.arguments.AsString() : call.arguments.Dump();
}

Json With(Json object, std::string_view key, Json value) {
  object.Set(key, std::move(value));
  return object;
}

// ---- Chat Completions

Json ChatUsage(const Usage& usage) {
  return Json::MakeObject({{"prompt_tokens", usage.prompt_tokens},
                           {"completion_tokens", usage.completion_tokens},
                           {"total_tokens", usage.prompt_tokens + usage.completion_tokens}});
}

Json ChatHead(const ReplyFrame& frame, std::string_view object) {
  return Json::MakeObject({{"id", "chatcmpl-" + Word(frame.seed, "reply", 29)},
                           {"object", object},
                           {"created", kCreated},
                           {"model", frame.model}});
}

std::string_view ChatFinish(const ModelReply& reply) {
  if (!reply.calls.empty()) return "tool_calls";
  return reply.finish == FinishReason::kLength ? "length" : "stop";
}

Json ChatCall(const ToolCall& call, std::string arguments) {
  return Json::MakeObject({{"id", call.id},
                           {"type", "function"},
                           {"function", Json::MakeObject({{"name", call.name}, {"arguments", std::move(arguments)}})}});
}

Json WholeChat(const ModelReply& reply, const ReplyFrame& frame) {
  Json message = Json::MakeObject({{"role", "assistant"}});
  message.Set("content", reply.text.empty() && !reply.calls.empty() ? Json() : Json(reply.text));
  message.Set("refusal", Json());
  if (!reply.calls.empty()) {
    Json calls = Json::MakeArray();
    for (const ToolCall& call : reply.calls) calls.Append(ChatCall(call, Arguments(call)));
    message.Set("tool_calls", std::move(calls));
  }
  Json body = ChatHead(frame, "chat.completion");
  body.Set("choices", Json::MakeArray({Json::MakeObject({{"index", 0},
                                                         {"message", std::move(message)},
                                                         {"logprobs", Json()},
                                                         {"finish_reason", ChatFinish(reply)}})}));
  body.Set("usage", ChatUsage(reply.usage));
  return body;
}

std::vector<Event> ChatEvents(const ModelReply& reply, const ReplyFrame& frame) {
  std::vector<Event> events;
  const Json head = ChatHead(frame, "chat.completion.chunk");
  const auto add = [&](Json delta, Json finish) {
    Json choice = Json::MakeObject({{"index", 0}, {"delta", std::move(delta)}, {"logprobs", Json()}});
    choice.Set("finish_reason", std::move(finish));
    Json chunk = With(head, "choices", Json::MakeArray({std::move(choice)}));
    if (frame.usage_chunk) chunk.Set("usage", Json());
    events.emplace_back("", std::move(chunk));
  };
  add(Json::MakeObject(
          {{"role", "assistant"}, {"content", reply.calls.empty() || !reply.text.empty() ? Json("") : Json()}}),
      {});
  if (!reply.text.empty())
    for (const std::string& piece : Pieces(reply.text)) add(Json::MakeObject({{"content", piece}}), {});
  for (std::size_t i = 0; i < reply.calls.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    Json begin = Json::MakeObject({{"index", index}});
    const Json call = ChatCall(reply.calls[i], "");
    for (const auto& [key, value] : call.members()) begin.Set(key, value);
    add(Json::MakeObject({{"tool_calls", Json::MakeArray({std::move(begin)})}}), {});
    for (const std::string& piece : Pieces(Arguments(reply.calls[i]))) {
      Json part = Json::MakeObject({{"index", index}, {"function", Json::MakeObject({{"arguments", piece}})}});
      add(Json::MakeObject({{"tool_calls", Json::MakeArray({std::move(part)})}}), {});
    }
  }
  add(Json::MakeObject(), ChatFinish(reply));
  if (frame.usage_chunk)
    events.emplace_back("", With(With(head, "choices", Json::MakeArray()), "usage", ChatUsage(reply.usage)));
  return events;
}

// ---- Responses

Json ResponsesUsage(const Usage& usage) {
  return Json::MakeObject({{"input_tokens", usage.prompt_tokens},
                           {"input_tokens_details", Json::MakeObject({{"cached_tokens", 0}})},
                           {"output_tokens", usage.completion_tokens},
                           {"output_tokens_details", Json::MakeObject({{"reasoning_tokens", 0}})},
                           {"total_tokens", usage.prompt_tokens + usage.completion_tokens}});
}

Json TextPart(std::string_view text) {
  return Json::MakeObject(
      {{"type", "output_text"}, {"text", text}, {"annotations", Json::MakeArray()}, {"logprobs", Json::MakeArray()}});
}

std::string_view SpaceOf(const ReplyFrame& frame, const std::string& name) {
  const auto found = std::ranges::find(*frame.tools, name, &OfferedTool::name);
  return found == frame.tools->end() ? std::string_view() : std::string_view(found->space);
}

std::vector<Json> OutputItems(const ModelReply& reply, const ReplyFrame& frame) {
  std::vector<Json> items;
  if (!reply.text.empty() || reply.calls.empty())
    items.push_back(Json::MakeObject({{"type", "message"},
                                      {"id", "msg_" + HexWord(frame.seed, "message")},
                                      {"status", "completed"},
                                      {"role", "assistant"},
                                      {"content", Json::MakeArray({TextPart(reply.text)})}}));
  for (std::size_t i = 0; i < reply.calls.size(); ++i) {
    const ToolCall& call = reply.calls[i];
    Json item = Json::MakeObject({{"type", "function_call"},
                                  {"id", "fc_" + HexWord(frame.seed, fmt::format("item {}", i))},
                                  {"status", "completed"},
                                  {"call_id", call.id},
                                  {"name", call.name},
                                  {"arguments", Arguments(call)}});
    if (const auto space = SpaceOf(frame, call.name); !space.empty()) item.Set("namespace", space);
    items.push_back(std::move(item));
  }
  return items;
}

Json WholeResponse(const ModelReply& reply, const ReplyFrame& frame, std::string_view status) {
  const bool done = status == "completed";
  return Json::MakeObject({{"id", "resp_" + HexWord(frame.seed, "reply")},
                           {"object", "response"},
                           {"created_at", kCreated},
                           {"status", status},
                           {"background", false},
                           {"error", Json()},
                           {"incomplete_details", Json()},
                           {"instructions", Json()},
                           {"metadata", Json::MakeObject()},
                           {"model", frame.model},
                           {"output", Json::MakeArray(done ? OutputItems(reply, frame) : std::vector<Json>())},
                           {"parallel_tool_calls", true},
                           {"previous_response_id", Json()},
                           {"store", false},
                           {"temperature", 1.0},
                           {"tool_choice", "auto"},
                           {"tools", Json::MakeArray()},
                           {"top_p", 1.0},
                           {"truncation", "disabled"},
                           {"usage", done ? ResponsesUsage(reply.usage) : Json()}});
}

/// Events of one stream of Responses: each has its type and a number.
class ResponsesEvents {
 public:
  void Add(const std::string& type, Json more) {
    Json event = Json::MakeObject({{"type", type}, {"sequence_number", static_cast<std::int64_t>(events_.size())}});
    for (const auto& [key, value] : more.members()) event.Set(key, value);
    events_.emplace_back(type, std::move(event));
  }
  void AddItem(const Json& item, std::int64_t place) {
    const bool is_call = item.StringOr("type", "") == "function_call";
    Json begun = With(item, "status", "in_progress");
    begun.Set(is_call ? "arguments" : "content", is_call ? Json("") : Json::MakeArray());
    Add("response.output_item.added", Json::MakeObject({{"output_index", place}, {"item", std::move(begun)}}));
    const Json at = Json::MakeObject({{"item_id", item.StringOr("id", "")}, {"output_index", place}});
    if (is_call) {
      AddArguments(std::string(item.StringOr("arguments", "")), std::string(item.StringOr("name", "")), at);
    } else {
      AddText(item.Find("content")->items()[0], With(at, "content_index", 0));
    }
    Add("response.output_item.done", Json::MakeObject({{"output_index", place}, {"item", item}}));
  }
  std::vector<Event> Take() { return std::move(events_); }

 private:
  void AddArguments(const std::string& arguments, const std::string& name, const Json& at) {
    for (const std::string& piece : Pieces(arguments))
      Add("response.function_call_arguments.delta", With(at, "delta", piece));
    Add("response.function_call_arguments.done", With(With(at, "arguments", arguments), "name", name));
  }
  void AddText(const Json& part, const Json& at) {
    const std::string text(part.StringOr("text", ""));
    Add("response.content_part.added", With(at, "part", TextPart("")));
    for (const std::string& piece : Pieces(text))
      Add("response.output_text.delta", With(With(at, "delta", piece), "logprobs", Json::MakeArray()));
    Add("response.output_text.done", With(With(at, "text", text), "logprobs", Json::MakeArray()));
    Add("response.content_part.done", With(at, "part", part));
  }
  std::vector<Event> events_;
};

std::vector<Event> StreamResponse(const ModelReply& reply, const ReplyFrame& frame) {
  ResponsesEvents events;
  const Json begun = WholeResponse(reply, frame, "in_progress");
  events.Add("response.created", Json::MakeObject({{"response", begun}}));
  events.Add("response.in_progress", Json::MakeObject({{"response", begun}}));
  const std::vector<Json> items = OutputItems(reply, frame);
  for (std::size_t i = 0; i < items.size(); ++i) events.AddItem(items[i], static_cast<std::int64_t>(i));
  events.Add("response.completed", Json::MakeObject({{"response", WholeResponse(reply, frame, "completed")}}));
  return events.Take();
}

// ---- Messages

Json MessagesUsage(const Usage& usage, std::int64_t written) {
  return Json::MakeObject({{"input_tokens", usage.prompt_tokens},
                           {"cache_creation_input_tokens", 0},
                           {"cache_read_input_tokens", 0},
                           {"output_tokens", written}});
}

std::string_view StopReason(const ModelReply& reply) {
  if (!reply.calls.empty()) return "tool_use";
  return reply.finish == FinishReason::kLength ? "max_tokens" : "end_turn";
}

Json MessagesHead(const ModelReply& reply, const ReplyFrame& frame, std::vector<Json> content, Json stop,
                  std::int64_t written) {
  return Json::MakeObject({{"id", "msg_01" + Word(frame.seed, "reply", 22)},
                           {"type", "message"},
                           {"role", "assistant"},
                           {"model", frame.model},
                           {"content", Json::MakeArray(std::move(content))},
                           {"stop_reason", std::move(stop)},
                           {"stop_sequence", Json()},
                           {"usage", MessagesUsage(reply.usage, written)}});
}

Json TextBlock(std::string_view text) { return Json::MakeObject({{"type", "text"}, {"text", text}}); }

Json CallBlock(const ToolCall& call, Json input) {
  return Json::MakeObject({{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", std::move(input)}});
}

Json WholeMessage(const ModelReply& reply, const ReplyFrame& frame) {
  std::vector<Json> content;
  if (!reply.text.empty()) content.push_back(TextBlock(reply.text));
  for (const ToolCall& call : reply.calls) content.push_back(CallBlock(call, call.arguments));
  return MessagesHead(reply, frame, std::move(content), StopReason(reply), reply.usage.completion_tokens);
}

void AddBlock(std::int64_t place, Json start, std::string_view kind, std::string_view key, std::string_view text,
              std::vector<Event>& events) {
  events.emplace_back(
      "content_block_start",
      Json::MakeObject({{"type", "content_block_start"}, {"index", place}, {"content_block", std::move(start)}}));
  for (const std::string& piece : Pieces(text)) {
    Json delta = Json::MakeObject({{"type", kind}});
    delta.Set(key, piece);
    events.emplace_back(
        "content_block_delta",
        Json::MakeObject({{"type", "content_block_delta"}, {"index", place}, {"delta", std::move(delta)}}));
  }
  events.emplace_back("content_block_stop", Json::MakeObject({{"type", "content_block_stop"}, {"index", place}}));
}

std::vector<Event> StreamMessage(const ModelReply& reply, const ReplyFrame& frame) {
  std::vector<Event> events;
  events.emplace_back("message_start", Json::MakeObject({{"type", "message_start"},
                                                         {"message", MessagesHead(reply, frame, {}, {}, 1)}}));
  events.emplace_back("ping", Json::MakeObject({{"type", "ping"}}));
  std::int64_t place = 0;
  if (!reply.text.empty()) AddBlock(place++, TextBlock(""), "text_delta", "text", reply.text, events);
  for (const ToolCall& call : reply.calls)
    AddBlock(place++, CallBlock(call, Json::MakeObject()), "input_json_delta", "partial_json", Arguments(call), events);
  Json delta = Json::MakeObject({{"stop_reason", StopReason(reply)}, {"stop_sequence", Json()}});
  events.emplace_back(
      "message_delta",
      Json::MakeObject({{"type", "message_delta"},
                        {"delta", std::move(delta)},
                        {"usage", Json::MakeObject({{"output_tokens", reply.usage.completion_tokens}})}}));
  events.emplace_back("message_stop", Json::MakeObject({{"type", "message_stop"}}));
  return events;
}

std::string_view ErrorType(int status) {
  switch (status) {
    case 400: return "invalid_request_error";
    case 401: return "authentication_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 529: return "overloaded_error";
    default: return status < 500 ? "invalid_request_error" : "api_error";
  }
}

}  // namespace

std::string WriteReply(Wire wire, const ModelReply& reply, const ReplyFrame& frame) {
  switch (wire) {
    case Wire::kChat: return WholeChat(reply, frame).Dump();
    case Wire::kResponses: return WholeResponse(reply, frame, "completed").Dump();
    case Wire::kMessages: return WholeMessage(reply, frame).Dump();
  }
  return {};
}

std::vector<std::string> WriteReplyStream(Wire wire, const ModelReply& reply, const ReplyFrame& frame) {
  const std::vector<Event> events = wire == Wire::kChat        ? ChatEvents(reply, frame)
                                    : wire == Wire::kResponses ? StreamResponse(reply, frame)
                                                               : StreamMessage(reply, frame);
  std::vector<std::string> out;
  for (const auto& [type, data] : events) out.push_back(WriteStreamEvent(type, data.Dump()));
  if (wire == Wire::kChat) out.push_back(WriteStreamEvent("", "[DONE]"));
  return out;
}

std::string WriteWireError(Wire wire, int status, std::string_view message) {
  Json error = Json::MakeObject({{"type", ErrorType(status)}, {"message", message}});
  if (wire == Wire::kMessages) return Json::MakeObject({{"type", "error"}, {"error", std::move(error)}}).Dump();
  error.Set("param", Json());
  error.Set("code", Json());
  return Json::MakeObject({{"error", std::move(error)}}).Dump();
}

std::string WireCallId(Wire wire, std::string_view seed, std::size_t place) {
  const std::string what = fmt::format("call {}", place);
  return wire == Wire::kMessages ? "toolu_01" + Word(seed, what, 22) : "call_" + Word(seed, what, 24);
}

}  // namespace xsweep
