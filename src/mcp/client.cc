// McpClient: both eras of the protocol from the side that calls.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/wire_text.h"
#include "mcp/protocol.h"

namespace xsweep {
namespace {

constexpr int kMostPages = 1000;

Json ClientInfo() { return Json::MakeObject({{"name", "xsweep"}, {"version", XSWEEP_VERSION}}); }

std::string NameOfServer(const Json* info) {
  if (info == nullptr) return "unnamed server";
  return fmt::format("{} {}", info->StringOr("name", "unnamed"), info->StringOr("version", "unknown version"));
}

Error AsError(const Json& error, const std::string& method) {
  return {ErrorKind::kWorld,
          fmt::format("{} was refused: {} ({})", method, Printable(std::string(error.StringOr("message", "?")), 300),
                      error.IntOr("code", 0)),
          "MCP server"};
}

bool NamesModern(const Json* versions) {
  return versions != nullptr && versions->is_array() &&
         std::ranges::find(versions->items(), Json(kMcpModern.version)) != versions->items().end();
}

// Of an error "unsupported version": whether the version that was asked for is among those it supports.
bool SpeaksModern(const Json* error) {
  const bool of_version = error != nullptr && error->IntOr("code", 0) == kMcpUnsupportedVersion;
  const Json* data = of_version ? error->Find("data") : nullptr;
  return data != nullptr && NamesModern(data->Find("supported"));
}

// Servers of tools without arguments leave the schema out, or write null or true: no model's API takes that.
Json ParametersOf(const Json* schema) {
  return schema == nullptr || !schema->is_object() ? Json::MakeObject({{"type", "object"}}) : *schema;
}

}  // namespace

Async<Expected<std::unique_ptr<McpClient>>> McpClient::Connect(std::unique_ptr<McpTransport> transport,
                                                               std::chrono::milliseconds limit) {
  std::unique_ptr<McpClient> client(new McpClient(std::move(transport), limit));
  auto discovering = client->Discover();
  CO_TRY_ASSIGN(const bool modern, co_await discovering);
  if (!modern) {
    auto initializing = client->Initialize();
    CO_TRY(co_await initializing);
  }
  co_return client;
}

// False when the server does not know the modern era, in whatever words it says so.
Async<Expected<bool>> McpClient::Discover() {
  modern_ = true;
  protocol_ = kMcpModern.version;
  transport_->Speak(protocol_, true);
  auto asking = transport_->Ask("server/discover", WithMeta(Json::MakeObject()), limit_);
  Expected<Json> response = co_await asking;
  if (response && SpeaksModern(response->Find("error"))) {
    auto again = transport_->Ask("server/discover", WithMeta(Json::MakeObject()), limit_);
    response = co_await again;
  }
  const Json* result = response ? response->Find("result") : nullptr;
  if (result != nullptr && NamesModern(result->Find("supportedVersions"))) {
    const Json* meta = result->Find("_meta");
    const Json* info = meta == nullptr ? nullptr : meta->Find(McpMeta("serverInfo"));
    server_ = NameOfServer(info != nullptr ? info : result->Find("serverInfo"));
    instructions_ = result->StringOr("instructions", "");
    co_return true;
  }
  if (!response && response.error().kind == ErrorKind::kInterrupted) co_return std::unexpected(response.error());
  modern_ = false;
  co_return false;
}

Async<Status> McpClient::Initialize() {
  transport_->Speak("", false);
  const Json params = Json::MakeObject({{"protocolVersion", kMcpNewestLegacy.version},
                                        {"capabilities", Json::MakeObject()},
                                        {"clientInfo", ClientInfo()}});
  auto asking = Ask("initialize", params);
  CO_TRY_ASSIGN(const Json result, co_await asking);
  protocol_ = result.StringOr("protocolVersion", "");
  if (const McpRevision* known = FindMcpRevision(protocol_); known == nullptr || known->modern) {
    co_return WorldError(
        fmt::format("the server wants to speak version `{}`, which is not known here", Printable(protocol_, 40)),
        "MCP server");
  }
  server_ = NameOfServer(result.Find("serverInfo"));
  instructions_ = result.StringOr("instructions", "");
  transport_->Speak(protocol_, false);
  auto telling = transport_->Tell("notifications/initialized", Json());
  co_return co_await telling;
}

Json McpClient::WithMeta(Json params) const {
  if (!modern_) return params;
  Json meta = Json::MakeObject();
  meta.Set(McpMeta("protocolVersion"), kMcpModern.version);
  meta.Set(McpMeta("clientCapabilities"), Json::MakeObject());
  meta.Set(McpMeta("clientInfo"), ClientInfo());
  params.Set("_meta", std::move(meta));
  return params;
}

Async<Expected<Json>> McpClient::Ask(std::string method, Json params) {
  auto asking = transport_->Ask(method, WithMeta(std::move(params)), limit_);
  CO_TRY_ASSIGN(const Json response, co_await asking);
  if (const Json* error = response.Find("error")) co_return std::unexpected(AsError(*error, method));
  const Json* result = response.Find("result");
  if (result == nullptr || !result->is_object()) {
    co_return WorldError(method + " was answered with neither a result nor an error", "MCP server");
  }
  co_return *result;
}

Async<Expected<std::vector<McpTool>>> McpClient::ListTools() {
  std::vector<McpTool> tools;
  std::string cursor;
  for (int page = 0; page < kMostPages; ++page) {
    Json params = Json::MakeObject();
    if (!cursor.empty()) params.Set("cursor", cursor);
    auto asking = Ask("tools/list", params);
    CO_TRY_ASSIGN(const Json result, co_await asking);
    const Json* list = result.Find("tools");
    if (list == nullptr || !list->is_array()) co_return WorldError("tools/list has no list `tools`", "MCP server");
    for (const Json& tool : list->items()) {
      McpTool listed{{std::string(tool.StringOr("name", "")), std::string(tool.StringOr("description", "")),
                      ParametersOf(tool.Find("inputSchema"))},
                     tool};
      if (listed.schema.name.empty()) co_return WorldError("tools/list has a tool without a name", "MCP server");
      if (Keeps(listed)) tools.push_back(std::move(listed));
    }
    cursor = result.StringOr("nextCursor", "");
    if (cursor.empty()) co_return tools;
  }
  co_return WorldError(fmt::format("tools/list goes on after {} pages", kMostPages), "MCP server");
}

// False for a tool whose marks for headers make no sense: the modern era forbids to call it.
bool McpClient::Keeps(const McpTool& tool) {
  const Json* properties = tool.schema.parameters.Find("properties");
  if (!modern_ || properties == nullptr || !properties->is_object()) return true;
  std::vector<std::pair<std::string, std::string>> marks;
  std::vector<std::string> seen;
  for (const auto& [argument, schema] : properties->members()) {
    const Json* mark = schema.Find("x-mcp-header");
    if (mark == nullptr) continue;
    const std::string_view type = schema.StringOr("type", "");
    const bool primitive = type == "string" || type == "integer" || type == "boolean";
    const std::string name = mark->is_string() ? mark->AsString() : std::string();
    const std::string lower = AsciiLower(name);
    if (!primitive || !IsHeaderName(name) || std::ranges::find(seen, lower) != seen.end()) return false;
    seen.push_back(lower);
    marks.emplace_back(argument, name);
  }
  if (!marks.empty()) mirrored_[tool.schema.name] = std::move(marks);
  return true;
}

std::vector<HttpHeader> McpClient::MirrorOf(const std::string& tool, const Json& arguments) const {
  std::vector<HttpHeader> headers;
  const auto found = mirrored_.find(tool);
  if (found == mirrored_.end()) return headers;
  for (const auto& [argument, name] : found->second) {
    const Json* value = arguments.Find(argument);
    if (value != nullptr && !value->is_null())
      headers.push_back({"Mcp-Param-" + name, McpHeaderText(value->is_string() ? value->AsString() : value->Dump())});
  }
  return headers;
}

Async<Expected<Json>> McpClient::CallTool(std::string name, Json arguments) {
  const Json params = Json::MakeObject({{"name", name}, {"arguments", std::move(arguments)}});
  const std::vector<HttpHeader> mirrored = MirrorOf(name, *params.Find("arguments"));
  auto asking = transport_->Ask("tools/call", WithMeta(params), limit_, mirrored);
  CO_TRY_ASSIGN(const Json response, co_await asking);
  if (const Json* error = response.Find("error")) {
    const Json block = Json::MakeObject({{"type", "text"}, {"text", error->StringOr("message", "error")}});
    co_return Json::MakeObject({{"content", Json::MakeArray({block})}, {"isError", true}});
  }
  const Json* result = response.Find("result");
  if (result == nullptr || !result->is_object()) {
    co_return WorldError("the call of " + name + " was answered with neither a result nor an error", "MCP server");
  }
  if (result->StringOr("resultType", "complete") == "input_required") {
    co_return EpisodeError("input_required: the server wants to ask the client something in the middle of " + name,
                           "MCP server");
  }
  co_return *result;
}

}  // namespace xsweep
