// McpServer: both eras of the Model Context Protocol. Where they differ, a revision's row or `modern` says so.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/server.h"

#include <fmt/format.h>

#include <algorithm>

namespace xsweep {
namespace {

Json ServerInfo() { return Json::MakeObject({{"name", "xsweep"}, {"version", XSWEEP_VERSION}}); }

Json VersionsServed() {
  Json versions = Json::MakeArray();
  for (const McpRevision& revision : kMcpRevisions) versions.Append(revision.version);
  return versions;
}

const Json* MetaOf(const Json& params) { return params.Find("_meta"); }

/// Never by the header Mcp-Method: legacy clients send it too.
bool IsModern(const Json& params, const McpEnvelope& envelope) {
  const Json* meta = MetaOf(params);
  if (meta != nullptr && (meta->Find(McpMeta("protocolVersion")) || meta->Find(McpMeta("clientCapabilities"))))
    return true;
  const std::string* said = envelope.header ? envelope.header("mcp-protocol-version") : nullptr;
  if (said == nullptr) return false;
  const McpRevision* revision = FindMcpRevision(*said);
  return revision == nullptr || revision->modern;
}

/// Every modern result is marked as complete (unless it says otherwise) and names the server.
Json Complete(Json result) {
  if (result.Find("resultType") == nullptr) result.Set("resultType", "complete");
  Json meta = result.Find("_meta") == nullptr ? Json::MakeObject() : *result.Find("_meta");
  meta.Set(McpMeta("serverInfo"), ServerInfo());
  result.Set("_meta", std::move(meta));
  return result;
}

/// Nothing that is served here may be kept by a client: the next call can change it.
void MarkUncached(Json& result) {
  result.Set("ttlMs", 0);
  result.Set("cacheScope", "private");
}

std::string_view MirroredParameter(std::string_view method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  return method == "resources/read" ? "uri" : "";
}

/// The client's own name for a call, where it sends one: Codex and Claude Code do.
std::string CallIdOf(const Json& params) {
  const Json* meta = MetaOf(params);
  if (meta == nullptr) return {};
  const std::string_view id = meta->StringOr("callId", meta->StringOr("claudecode/toolUseId", ""));
  return std::string(id);
}

std::string HeaderText(const Json& value) {
  if (value.is_string()) return value.AsString();
  return value.Dump();
}

/// Data beside a text: at first objects only, since the new era any value.
bool Takes(const McpRevision& revision, bool object) { return revision.structured && (object || revision.modern); }

Json ToolJson(const HostedTool& tool, const McpRevision& revision) {
  Json schema = tool.schema.parameters;
  if (schema.Find("type") == nullptr) schema.Set("type", "object");
  Json json = Json::MakeObject(
      {{"name", tool.schema.name}, {"description", tool.schema.description}, {"inputSchema", std::move(schema)}});
  if (Takes(revision, tool.output.StringOr("type", "") == "object") && !tool.output.is_null())
    json.Set("outputSchema", tool.output);
  if (revision.annotations && !tool.annotations.is_null()) json.Set("annotations", tool.annotations);
  return json;
}

Json ResultOf(ToolAnswer answer, const McpRevision& revision) {
  if (!answer.result.is_null()) return std::move(answer.result);
  Json content = Json::MakeArray({Json::MakeObject({{"type", "text"}, {"text", std::move(answer.text)}})});
  Json result = Json::MakeObject({{"content", std::move(content)}, {"isError", answer.error}});
  if (Takes(revision, answer.structured.is_object()) && !answer.structured.is_null())
    result.Set("structuredContent", std::move(answer.structured));
  return result;
}

}  // namespace

Json McpServer::ListChanged(const Json* subscription) {
  Json params = Json::MakeObject();
  if (subscription != nullptr) params.Set("_meta", Json::MakeObject({{McpMeta("subscriptionId"), *subscription}}));
  return McpNotification("notifications/tools/list_changed", std::move(params));
}

Async<McpReply> McpServer::AnswerText(std::string_view text, McpEnvelope envelope) {
  auto message = Json::Parse(text, "message");
  if (!message) co_return McpReply{McpError(Json(), kMcpNoJson, message.error().message), 400};
  auto answer = Answer(std::move(*message), std::move(envelope));
  co_return co_await answer;
}

Async<McpReply> McpServer::Answer(Json message, McpEnvelope envelope) {
  if (message.is_array() && message.size() > 0 && Legacy().batches) {
    auto batch = AnswerBatch(std::move(message), std::move(envelope));
    co_return co_await batch;
  }
  const Json* id = message.Find("id");
  const Json* method = message.Find("method");
  if (message.is_object() && method == nullptr && (message.Find("result") || message.Find("error")))
    co_return McpReply{std::nullopt, 202};
  const bool known_id = id == nullptr || id->is_string() || id->is_number();
  const Json answer_to = known_id && id != nullptr ? *id : Json();
  if (message.StringOr("jsonrpc", "") != "2.0" || method == nullptr || !method->is_string() || !known_id)
    co_return McpReply{McpError(answer_to, kMcpNoRequest, "not a JSON-RPC 2.0 request"), 400};
  const Json* given = message.Find("params");
  const Json params = given == nullptr ? Json::MakeObject() : *given;
  if (id == nullptr) {
    TakeNotification(method->AsString(), params);
    co_return McpReply{std::nullopt, 202};
  }
  if (!params.is_object()) co_return McpReply{McpError(answer_to, kMcpBadParams, "params must be an object"), 400};
  const bool modern = IsModern(params, envelope);
  auto dispatched = Dispatch(method->AsString(), params, answer_to, modern, envelope);
  Outcome outcome = co_await dispatched;
  if (!outcome) {
    Failure& failure = outcome.error();
    co_return McpReply{McpError(answer_to, failure.code, failure.message, std::move(failure.data)), failure.status};
  }
  if (modern && method->AsString() == "subscriptions/listen") co_return McpReply{std::move(*outcome), 200, answer_to};
  co_return McpReply{McpResult(answer_to, modern ? Complete(std::move(*outcome)) : std::move(*outcome)), 200};
}

Async<McpReply> McpServer::AnswerBatch(Json messages, McpEnvelope envelope) {
  Json replies = Json::MakeArray();
  for (const Json& one : messages.items()) {
    if (one.is_array()) {
      replies.Append(McpError(Json(), kMcpNoRequest, "not a JSON-RPC 2.0 request"));
      continue;
    }
    auto answer = Answer(one, envelope);
    McpReply reply = co_await answer;
    if (reply.message) replies.Append(std::move(*reply.message));
  }
  if (replies.size() == 0) co_return McpReply{std::nullopt, 202};
  co_return McpReply{std::move(replies), 200};
}

Async<McpServer::Outcome> McpServer::Dispatch(std::string method, Json params, Json id, bool modern,
                                              McpEnvelope envelope) {
  if (modern) {
    if (auto failure = CheckModern(method, params, envelope)) co_return std::unexpected(std::move(*failure));
    if (client_.empty()) NoteClient(MetaOf(params)->Find(McpMeta("clientInfo")));
  }
  if (method == "tools/list") {
    auto listing = ListTools(modern);
    co_return co_await listing;
  }
  if (method == "tools/call") {
    if (modern && envelope.http) {
      auto checking = CheckArguments(params, envelope);
      auto failure = co_await checking;
      if (failure) co_return std::unexpected(std::move(*failure));
    }
    auto calling = CallTool(std::move(params), std::move(id), modern, std::move(envelope));
    co_return co_await calling;
  }
  if (modern && method == "server/discover") co_return Discover();
  if (modern && method == "subscriptions/listen" && host_->changes_list()) {
    const Json* wanted = params.Find("notifications");
    Json granted = Json::MakeObject();
    if (wanted != nullptr && wanted->BoolOr("toolsListChanged", false)) granted.Set("toolsListChanged", true);
    co_return McpNotification("notifications/subscriptions/acknowledged",
                              Json::MakeObject({{"_meta", Json::MakeObject({{McpMeta("subscriptionId"), id}})},
                                                {"notifications", std::move(granted)}}));
  }
  if (!modern && method == "initialize") co_return Initialize(params);
  if (!modern && method == "ping") co_return Json::MakeObject();
  const bool removed = modern && (method == "initialize" || method == "ping" || method == "logging/setLevel" ||
                                  method == "resources/subscribe" || method == "resources/unsubscribe");
  Json other = removed ? Json() : host_->AnswerOther(method, params);
  if (!other.is_null()) co_return other;
  co_return std::unexpected(Failure{kMcpUnknownMethod, "Method not found: " + method, modern ? 404 : 200});
}

std::optional<McpServer::Failure> McpServer::CheckModern(std::string_view method, const Json& params,
                                                         const McpEnvelope& envelope) const {
  const Json* meta = MetaOf(params);
  const Json* version = meta == nullptr ? nullptr : meta->Find(McpMeta("protocolVersion"));
  const Json* capabilities = meta == nullptr ? nullptr : meta->Find(McpMeta("clientCapabilities"));
  if (version == nullptr || !version->is_string() || capabilities == nullptr || !capabilities->is_object()) {
    return Failure{kMcpBadParams, "_meta needs protocolVersion and clientCapabilities", 400};
  }
  const auto mismatch = [&](std::string_view name) {
    return Failure{kMcpHeaderMismatch, fmt::format("Header mismatch: {}", name), 400};
  };
  if (envelope.http) {
    const auto value = [&](std::string_view name) {
      const std::string* raw = envelope.header(name);
      return raw == nullptr ? std::nullopt : McpHeaderValue(*raw);
    };
    if (value("mcp-protocol-version") != version->AsString()) return mismatch("MCP-Protocol-Version");
    if (value("mcp-method") != method) return mismatch("Mcp-Method");
    const std::string_view mirrored = MirroredParameter(method);
    if (!mirrored.empty() && value("mcp-name") != params.StringOr(mirrored, "")) return mismatch("Mcp-Name");
  }
  if (version->AsString() != kMcpModern.version) {
    return Failure{kMcpUnsupportedVersion, "Unsupported protocol version", 400,
                   Json::MakeObject({{"supported", VersionsServed()}, {"requested", *version}})};
  }
  return std::nullopt;
}

// Parameters that the schema mirrors into headers (x-mcp-header) must say the same in both places.
Async<std::optional<McpServer::Failure>> McpServer::CheckArguments(Json params, McpEnvelope envelope) {
  auto listing = host_->List();
  const auto tools = co_await listing;
  if (!tools) co_return std::nullopt;
  const auto tool = std::ranges::find((*tools)->begin(), (*tools)->end(), params.StringOr("name", ""),
                                      [](const HostedTool& one) { return std::string_view(one.schema.name); });
  const Json* properties = tool == (*tools)->end() ? nullptr : tool->schema.parameters.Find("properties");
  if (properties == nullptr || !properties->is_object()) co_return std::nullopt;
  const Json* arguments = params.Find("arguments");
  for (const auto& [name, schema] : properties->members()) {
    const std::string_view mirror = schema.StringOr("x-mcp-header", "");
    if (mirror.empty()) continue;
    std::string header = fmt::format("mcp-param-{}", mirror);
    std::ranges::transform(header, header.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    const std::string* raw = envelope.header(header);
    const Json* argument = arguments == nullptr ? nullptr : arguments->Find(name);
    const auto said = raw == nullptr ? std::nullopt : McpHeaderValue(*raw);
    const bool same = argument == nullptr || argument->is_null() ? raw == nullptr : said == HeaderText(*argument);
    if (!same) co_return Failure{kMcpHeaderMismatch, fmt::format("Header mismatch: Mcp-Param-{}", mirror), 400};
  }
  co_return std::nullopt;
}

void McpServer::NoteClient(const Json* info) {
  if (info == nullptr) return;
  client_ = info->StringOr("name", "");
  if (const std::string_view version = info->StringOr("version", ""); !version.empty())
    client_.append("/").append(version);
}

McpServer::Outcome McpServer::Initialize(const Json& params) {
  const Json* wanted = params.Find("protocolVersion");
  if (wanted == nullptr || !wanted->is_string())
    return std::unexpected(Failure{kMcpBadParams, "initialize needs a protocolVersion"});
  const McpRevision* known = FindMcpRevision(wanted->AsString());
  // A version that there is not, or one without a handshake: the newest with one is offered, and the client decides.
  negotiated_ = known == nullptr || known->modern ? &kMcpNewestLegacy : known;
  NoteClient(params.Find("clientInfo"));
  Json result = Json::MakeObject(
      {{"protocolVersion", negotiated_->version}, {"capabilities", Capabilities(false)}, {"serverInfo", ServerInfo()}});
  if (std::string words = host_->Instructions(); !words.empty()) result.Set("instructions", std::move(words));
  return result;
}

Json McpServer::Capabilities(bool modern) const {
  const bool told = modern || host_->notifies();  // the old era has no subscriptions: it is told with an answer
  Json capabilities = Json::MakeObject({{"tools", Json::MakeObject({{"listChanged", told && host_->changes_list()}})}});
  const Json more = host_->MoreCapabilities(modern);
  for (const auto& [name, value] : more.members()) capabilities.Set(name, value);
  return capabilities;
}

Json McpServer::Discover() const {
  Json result = Json::MakeObject({{"supportedVersions", VersionsServed()}, {"capabilities", Capabilities(true)}});
  if (std::string words = host_->Instructions(); !words.empty()) result.Set("instructions", std::move(words));
  MarkUncached(result);
  return result;
}

Async<McpServer::Outcome> McpServer::ListTools(bool modern) {
  auto listing = host_->List();
  const auto tools = co_await listing;
  if (!tools) co_return std::unexpected(Failure{kMcpFailed, tools.error().Text()});
  const McpRevision& revision = modern ? kMcpModern : Legacy();
  Json list = Json::MakeArray();
  for (const HostedTool& tool : **tools) list.Append(ToolJson(tool, revision));
  Json result = Json::MakeObject({{"tools", std::move(list)}});
  if (modern) MarkUncached(result);
  co_return result;
}

Async<McpServer::Outcome> McpServer::CallTool(Json params, Json id, bool modern, McpEnvelope envelope) {
  ToolRequest request;
  request.call.name = params.StringOr("name", "");
  const Json* arguments = params.Find("arguments");
  request.call.arguments = arguments == nullptr ? Json::MakeObject() : *arguments;
  if (request.call.name.empty() || !request.call.arguments.is_object())
    co_return std::unexpected(Failure{kMcpBadParams, "tools/call needs a name, and arguments that are an object"});
  request.call.id = CallIdOf(params);
  request.key = ++keys_;
  request.modern = modern;
  request.params = std::move(params);
  request.notify = std::move(envelope.notify);
  const auto place = pending_.insert(pending_.end(), {std::move(id), request.key});
  if (envelope.began) envelope.began(request.key);
  auto calling = host_->Call(std::move(request));
  auto answer = co_await calling;
  pending_.erase(place);
  if (!answer) {
    const bool theirs = answer.error().kind == ErrorKind::kUser;
    co_return std::unexpected(
        Failure{theirs ? kMcpBadParams : kMcpFailed, theirs ? answer.error().message : answer.error().Text()});
  }
  if (!answer->rpc_error.is_null()) {
    const Json* data = answer->rpc_error.Find("data");
    co_return std::unexpected(Failure{static_cast<int>(answer->rpc_error.IntOr("code", kMcpFailed)),
                                      std::string(answer->rpc_error.StringOr("message", "")), answer->status,
                                      data == nullptr ? Json() : *data});
  }
  co_return ResultOf(std::move(*answer), modern ? kMcpModern : Legacy());
}

void McpServer::TakeNotification(std::string_view method, const Json& params) {
  const Json* id = method == "notifications/cancelled" ? params.Find("requestId") : nullptr;
  if (id == nullptr) return;
  const auto found =
      std::find_if(pending_.rbegin(), pending_.rend(), [&](const auto& one) { return one.first == *id; });
  if (found != pending_.rend()) host_->Cancel(found->second);
}

}  // namespace xsweep
