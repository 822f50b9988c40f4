// McpClient: both eras of the protocol from the side that calls.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::string_view kModern = "2026-07-28";
constexpr std::array<std::string_view, 4> kLegacy = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
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
  protocol_ = kModern;
  transport_->Speak(protocol_, true);
  auto asking = transport_->Ask("server/discover", WithMeta(Json::MakeObject()), limit_);
  const Expected<Json> response = co_await asking;
  const Json* result = response ? response->Find("result") : nullptr;
  const Json* versions = result == nullptr ? nullptr : result->Find("supportedVersions");
  const bool speaks = versions != nullptr && versions->is_array() &&
                      std::ranges::find(versions->items(), Json(kModern)) != versions->items().end();
  if (speaks) {
    const Json* meta = result->Find("_meta");
    server_ = NameOfServer(meta == nullptr ? nullptr : meta->Find("io.modelcontextprotocol/serverInfo"));
    instructions_ = result->StringOr("instructions", "");
    co_return true;
  }
  if (!response && response.error().kind == ErrorKind::kInterrupted) co_return std::unexpected(response.error());
  modern_ = false;
  co_return false;
}

Async<Status> McpClient::Initialize() {
  transport_->Speak("", false);
  const Json params = Json::MakeObject(
      {{"protocolVersion", kLegacy.front()}, {"capabilities", Json::MakeObject()}, {"clientInfo", ClientInfo()}});
  auto asking = Ask("initialize", params);
  CO_TRY_ASSIGN(const Json result, co_await asking);
  protocol_ = result.StringOr("protocolVersion", "");
  if (std::ranges::find(kLegacy, protocol_) == kLegacy.end()) {
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
  const std::string prefix = "io.modelcontextprotocol/";
  params.Set("_meta", Json::MakeObject({{prefix + "protocolVersion", kModern},
                                        {prefix + "clientCapabilities", Json::MakeObject()},
                                        {prefix + "clientInfo", ClientInfo()}}));
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
      const Json* schema = tool.Find("inputSchema");
      tools.push_back({{std::string(tool.StringOr("name", "")), std::string(tool.StringOr("description", "")),
                        schema == nullptr ? Json::MakeObject({{"type", "object"}}) : *schema},
                       tool});
    }
    cursor = result.StringOr("nextCursor", "");
    if (cursor.empty()) co_return tools;
  }
  co_return WorldError(fmt::format("tools/list goes on after {} pages", kMostPages), "MCP server");
}

Async<Expected<Json>> McpClient::CallTool(std::string name, Json arguments) {
  const Json params = Json::MakeObject({{"name", name}, {"arguments", std::move(arguments)}});
  auto asking = transport_->Ask("tools/call", WithMeta(params), limit_);
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
