// Exchange: one request to a model and what came of it, as a line of a recording.
// SPDX-License-Identifier: Apache-2.0
#include "parts/providers/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.h"

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 4> kSpeakers = {"system", "user", "agent", "tool"};
constexpr std::array<std::string_view, 3> kHead = {"settings", "system", "tools"};
constexpr std::size_t kRemembered = 20'000;  // dialogues whose last request is known; beyond, whole ones are written

Json CallsJson(const std::vector<ToolCall>& calls) {
  Json list = Json::MakeArray();
  for (const ToolCall& call : calls) {
    list.Append(Json::MakeObject({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}}));
  }
  return list;
}

Json MessageJson(const Message& message) {
  Json json =
      Json::MakeObject({{"speaker", kSpeakers[static_cast<std::size_t>(message.speaker)]}, {"text", message.text}});
  if (!message.calls.empty()) json.Set("calls", CallsJson(message.calls));
  if (!message.call_id.empty()) json.Set("call_id", message.call_id);
  if (message.error) json.Set("error", true);
  return json;
}

std::uint64_t HeadHash(const Json& request) {
  std::string text;
  for (const std::string_view part : kHead) request.Find(part)->AppendTo(text);
  return Hash64(text);
}

std::unexpected<Error> NoReply(std::string_view what) {
  return WorldError(fmt::format("a recorded reply has {}", what));
}

Expected<std::vector<ToolCall>> ReadCalls(const Json* list) {
  std::vector<ToolCall> calls;
  if (list == nullptr) return calls;
  if (!list->is_array()) return NoReply("no list of calls");
  for (const Json& item : list->items()) {
    const Json* arguments = item.Find("arguments");
    if (arguments == nullptr || item.StringOr("name", "").empty()) return NoReply("a call without name or arguments");
    calls.push_back({std::string(item.StringOr("id", "")), std::string(item.StringOr("name", "")), *arguments});
  }
  return calls;
}

}  // namespace

Json RequestJson(const Json& settings, const ModelRequest& request) {
  Json tools = Json::MakeArray();
  for (const ToolSchema& tool : request.tools) {
    tools.Append(
        Json::MakeObject({{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}}));
  }
  Json messages = Json::MakeArray();
  for (const Message& message : request.messages) messages.Append(MessageJson(message));
  return Json::MakeObject({{"settings", settings},
                           {"system", request.system},
                           {"tools", std::move(tools)},
                           {"messages", std::move(messages)}});
}

std::string RequestHash(const Json& request) { return ShortHash(request.Dump()); }

Json ReplyJson(const ModelReply& reply) {
  Json json = Json::MakeObject({{"text", reply.text}});
  if (!reply.calls.empty()) json.Set("calls", CallsJson(reply.calls));
  if (!reply.reasoning.empty()) json.Set("reasoning", reply.reasoning);
  json.Set("finish_reason", reply.finish_reason);
  json.Set("usage", Json::MakeObject({{"calls", reply.usage.calls},
                                      {"prompt_tokens", reply.usage.prompt_tokens},
                                      {"completion_tokens", reply.usage.completion_tokens},
                                      {"cost_nano_usd", reply.usage.cost_nano_usd},
                                      {"cost_known", reply.usage.cost_known}}));
  return json;
}

Expected<ModelReply> ReadReply(const Json& json) {
  if (!json.is_object() || json.Find("text") == nullptr) return NoReply("no text");
  const Json* usage = json.Find("usage");
  if (usage == nullptr || !usage->is_object()) return NoReply("no usage");
  ModelReply reply;
  reply.text = json.StringOr("text", "");
  reply.reasoning = json.StringOr("reasoning", "");
  reply.finish_reason = json.StringOr("finish_reason", "");
  TRY_ASSIGN(reply.calls, ReadCalls(json.Find("calls")));
  reply.usage.calls = usage->IntOr("calls", 1);
  reply.usage.prompt_tokens = usage->IntOr("prompt_tokens", 0);
  reply.usage.completion_tokens = usage->IntOr("completion_tokens", 0);
  reply.usage.cost_nano_usd = usage->IntOr("cost_nano_usd", 0);
  reply.usage.cost_known = usage->BoolOr("cost_known", false);
  return reply;
}

std::string DialogueKey(const CallIdentity& identity) {
  return Json::MakeArray({identity.cell, identity.task, identity.seed, identity.trial, ModelRoleName(identity.role)})
      .Dump();
}

std::string ExchangeWriter::Line(const CallIdentity& identity, const Json& request,
                                 const Expected<ModelReply>& result) {
  const std::vector<Json>& messages = request.Find("messages")->items();
  Earlier now{identity.turn, HeadHash(request), {}};
  for (const Json& message : messages) now.messages.push_back(Hash64(message.Dump()));
  if (earlier_.size() > kRemembered) earlier_.clear();
  const std::string key = DialogueKey(identity);
  const auto before = earlier_.find(key);
  std::size_t kept = 0;
  const bool follows = before != earlier_.end() && before->second.turn < identity.turn;
  if (follows) {
    kept = static_cast<std::size_t>(std::ranges::mismatch(before->second.messages, now.messages).in2 -
                                    now.messages.begin());
  }

  Json line = Json::MakeObject({{"cell", identity.cell},
                                {"task", identity.task},
                                {"seed", identity.seed},
                                {"trial", identity.trial},
                                {"role", ModelRoleName(identity.role)},
                                {"turn", identity.turn},
                                {"hash", RequestHash(request)}});
  if (follows) {
    line.Set("after", before->second.turn);
    line.Set("kept", static_cast<std::int64_t>(kept));
  }
  if (!follows || before->second.head != now.head) {
    for (const std::string_view part : kHead) line.Set(part, *request.Find(part));
  }
  line.Set("messages", Json::MakeArray({messages.begin() + static_cast<std::ptrdiff_t>(kept), messages.end()}));
  if (result) {
    line.Set("reply", ReplyJson(*result));
  } else {
    line.Set("error", Json::MakeObject({{"message", result.error().message}, {"where", result.error().where}}));
  }
  earlier_[key] = std::move(now);
  std::string text = line.Dump();
  text += '\n';
  return text;
}

}  // namespace xsweep
