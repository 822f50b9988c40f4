// A reply as OpenAI's Responses API writes it.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/write_responses.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace xsweep {
namespace {

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
                                      {"id", "msg_" + SeededHex(frame.seed, "message")},
                                      {"status", "completed"},
                                      {"role", "assistant"},
                                      {"content", Json::MakeArray({TextPart(reply.text)})}}));
  for (std::size_t i = 0; i < reply.calls.size(); ++i) {
    const ToolCall& call = reply.calls[i];
    Json item = Json::MakeObject({{"type", "function_call"},
                                  {"id", "fc_" + SeededHex(frame.seed, fmt::format("item {}", i))},
                                  {"status", "completed"},
                                  {"call_id", call.id},
                                  {"name", call.name},
                                  {"arguments", ArgumentsText(call)}});
    if (const auto space = SpaceOf(frame, call.name); !space.empty()) item.Set("namespace", space);
    items.push_back(std::move(item));
  }
  return items;
}

Json ResponseSoFar(const ModelReply& reply, const ReplyFrame& frame, std::string_view status) {
  const bool done = status == "completed";
  return Json::MakeObject({{"id", "resp_" + SeededHex(frame.seed, "reply")},
                           {"object", "response"},
                           {"created_at", kReplyCreated},
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
    Json begun = WithMember(item, "status", "in_progress");
    begun.Set(is_call ? "arguments" : "content", is_call ? Json("") : Json::MakeArray());
    Add("response.output_item.added", Json::MakeObject({{"output_index", place}, {"item", std::move(begun)}}));
    const Json at = Json::MakeObject({{"item_id", item.StringOr("id", "")}, {"output_index", place}});
    if (is_call) {
      AddArguments(std::string(item.StringOr("arguments", "")), std::string(item.StringOr("name", "")), at);
    } else {
      AddText(item.Find("content")->items()[0], WithMember(at, "content_index", 0));
    }
    Add("response.output_item.done", Json::MakeObject({{"output_index", place}, {"item", item}}));
  }
  std::vector<ReplyEvent> Take() { return std::move(events_); }

 private:
  void AddArguments(const std::string& arguments, const std::string& name, const Json& at) {
    for (const std::string& piece : TextPieces(arguments))
      Add("response.function_call_arguments.delta", WithMember(at, "delta", piece));
    Add("response.function_call_arguments.done", WithMember(WithMember(at, "arguments", arguments), "name", name));
  }
  void AddText(const Json& part, const Json& at) {
    const std::string text(part.StringOr("text", ""));
    Add("response.content_part.added", WithMember(at, "part", TextPart("")));
    for (const std::string& piece : TextPieces(text))
      Add("response.output_text.delta", WithMember(WithMember(at, "delta", piece), "logprobs", Json::MakeArray()));
    Add("response.output_text.done", WithMember(WithMember(at, "text", text), "logprobs", Json::MakeArray()));
    Add("response.content_part.done", WithMember(at, "part", part));
  }
  std::vector<ReplyEvent> events_;
};

}  // namespace

Json WholeResponse(const ModelReply& reply, const ReplyFrame& frame) {
  return ResponseSoFar(reply, frame, "completed");
}

std::vector<ReplyEvent> StreamResponse(const ModelReply& reply, const ReplyFrame& frame) {
  ResponsesEvents events;
  const Json begun = ResponseSoFar(reply, frame, "in_progress");
  events.Add("response.created", Json::MakeObject({{"response", begun}}));
  events.Add("response.in_progress", Json::MakeObject({{"response", begun}}));
  const std::vector<Json> items = OutputItems(reply, frame);
  for (std::size_t i = 0; i < items.size(); ++i) events.AddItem(items[i], static_cast<std::int64_t>(i));
  events.Add("response.completed", Json::MakeObject({{"response", WholeResponse(reply, frame)}}));
  return events.Take();
}

}  // namespace xsweep
