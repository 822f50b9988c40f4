// Replies as the three wires write them.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/write_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "net/event_stream.h"
#include "relay/wires/reply_pieces.h"
#include "relay/wires/write_responses.h"

namespace xsweep {
namespace {

// ---- Chat Completions

Json ChatUsage(const Usage& usage) {
  return Json::MakeObject({{"prompt_tokens", usage.prompt_tokens},
                           {"completion_tokens", usage.completion_tokens},
                           {"total_tokens", usage.prompt_tokens + usage.completion_tokens}});
}

Json ChatHead(const ReplyFrame& frame, std::string_view object) {
  return Json::MakeObject({{"id", "chatcmpl-" + SeededWord(frame.seed, "reply", 29)},
                           {"object", object},
                           {"created", kReplyCreated},
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
  // OpenAI sends null, not an empty text, where there are calls alone.
  message.Set("content", reply.text.empty() && !reply.calls.empty() ? Json() : Json(reply.text));
  message.Set("refusal", Json());
  if (!reply.calls.empty()) {
    Json calls = Json::MakeArray();
    for (const ToolCall& call : reply.calls) calls.Append(ChatCall(call, ArgumentsText(call)));
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

std::vector<ReplyEvent> ChatEvents(const ModelReply& reply, const ReplyFrame& frame) {
  std::vector<ReplyEvent> events;
  const Json head = ChatHead(frame, "chat.completion.chunk");
  const auto add = [&](Json delta, Json finish) {
    Json choice = Json::MakeObject({{"index", 0}, {"delta", std::move(delta)}, {"logprobs", Json()}});
    choice.Set("finish_reason", std::move(finish));
    Json chunk = WithMember(head, "choices", Json::MakeArray({std::move(choice)}));
    // As OpenAI does when asked for usage: null in every chunk, and at the end a chunk with usage and no choice.
    if (frame.usage_chunk) chunk.Set("usage", Json());
    events.emplace_back("", std::move(chunk));
  };
  add(Json::MakeObject(
          {{"role", "assistant"}, {"content", reply.calls.empty() || !reply.text.empty() ? Json("") : Json()}}),
      {});
  if (!reply.text.empty())
    for (const std::string& piece : TextPieces(reply.text)) add(Json::MakeObject({{"content", piece}}), {});
  for (std::size_t i = 0; i < reply.calls.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    Json begin = Json::MakeObject({{"index", index}});
    const Json call = ChatCall(reply.calls[i], "");
    for (const auto& [key, value] : call.members()) begin.Set(key, value);
    add(Json::MakeObject({{"tool_calls", Json::MakeArray({std::move(begin)})}}), {});
    for (const std::string& piece : TextPieces(ArgumentsText(reply.calls[i]))) {
      Json part = Json::MakeObject({{"index", index}, {"function", Json::MakeObject({{"arguments", piece}})}});
      add(Json::MakeObject({{"tool_calls", Json::MakeArray({std::move(part)})}}), {});
    }
  }
  add(Json::MakeObject(), ChatFinish(reply));
  if (frame.usage_chunk)
    events.emplace_back("",
                        WithMember(WithMember(head, "choices", Json::MakeArray()), "usage", ChatUsage(reply.usage)));
  return events;
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
  return Json::MakeObject({{"id", "msg_01" + SeededWord(frame.seed, "reply", 22)},
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
              std::vector<ReplyEvent>& events) {
  events.emplace_back(
      "content_block_start",
      Json::MakeObject({{"type", "content_block_start"}, {"index", place}, {"content_block", std::move(start)}}));
  for (const std::string& piece : TextPieces(text)) {
    Json delta = Json::MakeObject({{"type", kind}});
    delta.Set(key, piece);
    events.emplace_back(
        "content_block_delta",
        Json::MakeObject({{"type", "content_block_delta"}, {"index", place}, {"delta", std::move(delta)}}));
  }
  events.emplace_back("content_block_stop", Json::MakeObject({{"type", "content_block_stop"}, {"index", place}}));
}

std::vector<ReplyEvent> StreamMessage(const ModelReply& reply, const ReplyFrame& frame) {
  std::vector<ReplyEvent> events;
  // 1 token: what is written by then. The whole is said in message_delta, as in Anthropic's own streams.
  events.emplace_back("message_start", Json::MakeObject({{"type", "message_start"},
                                                         {"message", MessagesHead(reply, frame, {}, {}, 1)}}));
  events.emplace_back("ping", Json::MakeObject({{"type", "ping"}}));
  std::int64_t place = 0;
  if (!reply.text.empty()) AddBlock(place++, TextBlock(""), "text_delta", "text", reply.text, events);
  // A call begins with an empty object on this wire, although what follows is text that clients put together and parse.
  for (const ToolCall& call : reply.calls)
    AddBlock(place++, CallBlock(call, Json::MakeObject()), "input_json_delta", "partial_json", ArgumentsText(call),
             events);
  Json delta = Json::MakeObject({{"stop_reason", StopReason(reply)}, {"stop_sequence", Json()}});
  events.emplace_back(
      "message_delta",
      Json::MakeObject({{"type", "message_delta"},
                        {"delta", std::move(delta)},
                        {"usage", Json::MakeObject({{"output_tokens", reply.usage.completion_tokens}})}}));
  events.emplace_back("message_stop", Json::MakeObject({{"type", "message_stop"}}));
  return events;
}

// Anthropic's words, and 529 (overloaded) is of its list of statuses.
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
    case Wire::kResponses: return WholeResponse(reply, frame).Dump();
    case Wire::kMessages: return WholeMessage(reply, frame).Dump();
  }
  return {};
}

std::vector<std::string> WriteReplyStream(Wire wire, const ModelReply& reply, const ReplyFrame& frame) {
  const std::vector<ReplyEvent> events = wire == Wire::kChat        ? ChatEvents(reply, frame)
                                         : wire == Wire::kResponses ? StreamResponse(reply, frame)
                                                                    : StreamMessage(reply, frame);
  std::vector<std::string> out;
  for (const auto& [type, data] : events) out.push_back(WriteStreamEvent(type, data.Dump()));
  // The other two wires end with an event of a type of its own.
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
  return wire == Wire::kMessages ? "toolu_01" + SeededWord(seed, what, 22) : "call_" + SeededWord(seed, what, 24);
}

}  // namespace xsweep
