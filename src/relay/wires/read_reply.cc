// Replies that pass by.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/read_reply.h"

#include <string>
#include <utility>

#include "models/replies/answer.h"
#include "models/replies/legal.h"
#include "models/replies/lenient.h"
#include "models/replies/stream.h"
#include "models/wires/anthropic.h"
#include "models/wires/chat.h"
#include "models/wires/failures.h"
#include "models/wires/wire.h"
#include "relay/wires/responses_stream.h"

namespace xsweep {
namespace {

void ReadOutputMessage(const Json& item, ModelReply& reply) {
  const Json* content = item.Find("content");
  for (std::size_t i = 0; content != nullptr && content->is_array() && i < content->size(); ++i) {
    const Json& part = content->items()[i];
    if (part.StringOr("type", "") == "refusal") {
      reply.refusal += part.StringOr("refusal", "");
    } else {
      reply.text += part.StringOr("text", "");
    }
  }
}

void ReadOutputItem(const Json& item, ModelReply& reply) {
  const std::string_view type = item.StringOr("type", "");
  if (type == "message") {
    ReadOutputMessage(item, reply);
  } else if (type == "function_call" || type == "custom_tool_call") {
    const Json* given = item.Find(type == "function_call" ? "arguments" : "input");
    const bool as_text = given == nullptr || given->is_null() || given->is_string();
    const std::string arguments = !as_text                               ? given->Dump()
                                  : given == nullptr || given->is_null() ? ""
                                                                         : given->AsString();
    reply.calls.push_back({.id = std::string(item.StringOr("call_id", "")),
                           .name = std::string(item.StringOr("name", "")),
                           .arguments = ReadArguments(arguments)});
  } else if (type == "reasoning") {
    for (const std::string_view place : {"summary", "content"}) {
      if (const Json* thought = item.Find(place)) reply.reasoning += FlatText(*thought);
    }
  }
}

Expected<ModelReply> ReadResponse(const Json& body) {
  const auto error = FindServerError(body);
  // A response that failed says what it took and why it did; any other error stands for no reply, whatever the status
  // beside it.
  const std::string_view status = body.StringOr("status", "completed");
  if (error && status != "failed") {
    return EpisodeError("the model server answered with an error: " + error->message);
  }
  const Json* output = body.Find("output");
  if (output == nullptr || !output->is_array()) return EpisodeError("the model server's answer has no output");
  ModelReply reply;
  for (const Json& item : output->items()) ReadOutputItem(item, reply);
  const Json* details = body.Find("incomplete_details");
  const bool says_why = status == "incomplete" && details != nullptr && details->is_object();
  reply.finish_reason = says_why ? details->StringOr("reason", status) : status;
  reply.finish =
      status == "completed" && !reply.calls.empty() ? FinishReason::kToolCalls : ReadFinish(reply.finish_reason);
  TakeThought(reply);
  if (IsBlank(reply.text) && reply.calls.empty()) reply.text = reply.refusal;
  if (error) reply.refusal = Quoted(error->message);
  reply.model = body.StringOr("model", "");
  reply.usage = UsageOf(CountsOf(body, reply));
  SettleReply({}, false, reply);
  return reply;
}

}  // namespace

Expected<ModelReply> ReadWireReply(Wire wire, std::string_view body) {
  const ModelRequest nobody;
  switch (wire) {
    case Wire::kChat: return ReadOpenAiReply(body, nobody);
    case Wire::kMessages: return ReadAnthropicReply(body, nobody);
    case Wire::kResponses: break;
  }
  const std::string_view bare = BareBody(body);
  if (IsEventStream(bare)) {
    TRY_ASSIGN(const Json whole, JoinResponsesStream(bare));
    return ReadResponse(whole);
  }
  TRY_ASSIGN(const Json whole, ParseBody(bare));
  return ReadResponse(whole);
}

}  // namespace xsweep
