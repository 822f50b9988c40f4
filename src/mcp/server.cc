// McpServer: an environment's tools over the Model Context Protocol.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/server.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.h"

namespace xsweep {
namespace {

constexpr int kNoJson = -32700;
constexpr int kNoRequest = -32600;
constexpr int kUnknownMethod = -32601;
constexpr int kBadParams = -32602;
constexpr int kFailed = -32603;

/// Newest first. A client that asks for another one is offered the newest and decides.
constexpr std::string_view kProtocols[] = {"2025-06-18", "2025-03-26", "2024-11-05"};

std::string Reply(const Json& id, std::string_view key, Json value) {
  return Json::MakeObject({{"jsonrpc", "2.0"}, {"id", id}, {std::string(key), std::move(value)}}).Dump();
}

std::string ErrorReply(const Json& id, int code, const std::string& message) {
  return Reply(id, "error", Json::MakeObject({{"code", code}, {"message", message}}));
}

}  // namespace

std::string McpServer::Answer(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
  const auto message = Json::Parse(line, "message");
  if (!message) return ErrorReply(Json(), kNoJson, message.error().message);
  // 2025-03-26 demands that batches are received, 2025-06-18 took them away.
  const bool batch = message->is_array() && message->size() > 0 && protocol_ != kProtocols[0];
  if (!batch) return AnswerOne(*message);
  std::string replies;
  for (const Json& one : message->items()) {
    if (const std::string reply = AnswerOne(one); !reply.empty()) replies.append(replies.empty() ? "[" : ",") += reply;
  }
  return replies.empty() ? replies : replies + "]";
}

std::string McpServer::AnswerOne(const Json& message) {
  const Json* id = message.Find("id");
  const Json* method = message.Find("method");
  if (message.is_object() && method == nullptr && (message.Find("result") || message.Find("error"))) return {};
  const bool known_id = id == nullptr || id->is_string() || id->is_number();
  const Json answer_to = known_id && id != nullptr ? *id : Json();
  if (message.StringOr("jsonrpc", "") != "2.0" || method == nullptr || !method->is_string() || !known_id)
    return ErrorReply(answer_to, kNoRequest, "not a JSON-RPC 2.0 request");
  if (id == nullptr) return {};
  const Json* params = message.Find("params");
  auto result = Dispatch(method->AsString(), params == nullptr ? Json::MakeObject() : *params);
  if (!result) return ErrorReply(answer_to, result.error().code, result.error().message);
  return Reply(answer_to, "result", std::move(*result));
}

std::expected<Json, McpServer::Failure> McpServer::Dispatch(std::string_view method, const Json& params) {
  if (!params.is_object()) return std::unexpected(Failure{kBadParams, "params must be an object"});
  if (method == "initialize") return Initialize(params);
  if (method == "ping") return Json::MakeObject();
  if (method == "tools/list") return ListTools();
  if (method == "tools/call") return CallTool(params);
  return std::unexpected(Failure{kUnknownMethod, fmt::format("Method not found: {}", method)});
}

std::expected<Json, McpServer::Failure> McpServer::Initialize(const Json& params) {
  const Json* wanted = params.Find("protocolVersion");
  if (wanted == nullptr || !wanted->is_string())
    return std::unexpected(Failure{kBadParams, "initialize needs a protocolVersion"});
  const auto* known = std::ranges::find(kProtocols, wanted->AsString());
  protocol_ = known == std::end(kProtocols) ? kProtocols[0] : *known;
  return Json::MakeObject({{"protocolVersion", protocol_},
                           {"capabilities", Json::MakeObject({{"tools", Json::MakeObject({{"listChanged", false}})}})},
                           {"serverInfo", Json::MakeObject({{"name", "xsweep"}, {"version", XSWEEP_VERSION}})},
                           {"instructions", environment_->policy()}});
}

Json McpServer::ListTools() const {
  Json tools = Json::MakeArray();
  for (const ToolSchema& tool : environment_->tools()) {
    Json schema = tool.parameters;
    if (schema.Find("type") == nullptr) schema.Set("type", "object");
    tools.Append(
        Json::MakeObject({{"name", tool.name}, {"description", tool.description}, {"inputSchema", std::move(schema)}}));
  }
  return Json::MakeObject({{"tools", std::move(tools)}});
}

std::expected<Json, McpServer::Failure> McpServer::CallTool(const Json& params) {
  const std::string name(params.StringOr("name", ""));
  const Json* given = params.Find("arguments");
  const Json arguments = given == nullptr ? Json::MakeObject() : *given;
  if (!arguments.is_object()) return std::unexpected(Failure{kBadParams, "arguments must be an object"});
  if (std::ranges::find(environment_->tools(), name, &ToolSchema::name) == environment_->tools().end())
    return std::unexpected(Failure{kBadParams, "Unknown tool: " + name});
  const auto outcome = RunNow(environment_->Call({fmt::format("call_{}", ++calls_), name, arguments}));
  if (!outcome) return std::unexpected(Failure{kFailed, outcome.error().Text()});
  Json content = Json::MakeArray({Json::MakeObject({{"type", "text"}, {"text", outcome->content}})});
  return Json::MakeObject({{"content", std::move(content)}, {"isError", outcome->error}});
}

}  // namespace xsweep
