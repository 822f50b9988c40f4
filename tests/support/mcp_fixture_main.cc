// mcp_fixture: the small world that the MCP conformance suite asks for, behind our server. Prints its URL.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include "base/clock.h"
#include "mcp/endpoint.h"

namespace xsweep {
namespace {

constexpr std::string_view kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
constexpr std::string_view kWav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
constexpr std::string_view kSchema2020 = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
  "$defs": {"address": {"$anchor": "addressDef", "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
  "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
                 "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                 "phone": {"type": "string"}, "email": {"type": "string"}},
  "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
  "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
  "then": {"required": ["phone"]}, "else": {"required": ["email"]}, "additionalProperties": false})";

Json Parsed(std::string_view text) { return Json::Parse(text).value(); }
Json Text(std::string_view text) { return Json::MakeObject({{"type", "text"}, {"text", text}}); }
ToolAnswer Content(std::vector<Json> content) {
  return {.result = Json::MakeObject({{"content", Json::MakeArray(std::move(content))}})};
}
Json Image() { return Json::MakeObject({{"type", "image"}, {"data", kPng}, {"mimeType", "image/png"}}); }
Json Resource(std::string_view uri, std::string_view type, std::string_view text) {
  return Json::MakeObject(
      {{"type", "resource"}, {"resource", Json::MakeObject({{"uri", uri}, {"mimeType", type}, {"text", text}})}});
}

class FixtureHost final : public ToolHost {
 public:
  explicit FixtureHost(IoLoop& loop) : loop_(loop) {}

  Async<Expected<HostedTools>> List() override {
    auto tools = std::make_shared<std::vector<HostedTool>>();
    const auto add = [&](std::string name, std::string description, std::string_view schema) {
      tools->push_back({{.name = std::move(name), .description = std::move(description), .parameters = Parsed(schema)},
                        Parsed(R"({"readOnlyHint": true, "openWorldHint": false})")});
    };
    add("json_schema_2020_12_tool", "Schema keywords must survive.", kSchema2020);
    for (const char* name : {"test_audio_content", "test_embedded_resource", "test_error_handling",
                             "test_image_content", "test_logging_tool", "test_missing_capability",
                             "test_multiple_content_types", "test_simple_text", "test_streaming_elicitation",
                             "test_tool_with_logging", "test_tool_with_progress", "test_trigger_tool_change"})
      add(name, fmt::format("Fixture tool {}.", name), R"({"type": "object", "additionalProperties": false})");
    add("test_header_param", "A parameter that is mirrored into a header.",
        R"({"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
            "required": ["region"]})");
    if (version_ % 2 == 1) add("test_added_tool", "Comes and goes.", R"({"type": "object"})");
    return Expected<HostedTools>(HostedTools(std::move(tools)));
  }

  Async<Expected<ToolAnswer>> Call(ToolRequest request) override {
    const std::string name = request.call.name;
    const auto tools = co_await List();
    const auto named = [](const HostedTool& tool) { return tool.schema.name; };
    if (std::ranges::find((*tools)->begin(), (*tools)->end(), name, named) == (*tools)->end())
      co_return UserError("Unknown tool: " + name);
    if (name == "test_tool_with_progress") {
      CO_TRY(co_await Progress(request));
      co_return Content({Text("progress done")});
    }
    if (name == "test_tool_with_logging" || name == "test_logging_tool") {
      CO_TRY(co_await Log(request));
      co_return Content({Text("logging done")});
    }
    co_return Plain(name, request);
  }

  bool notifies() const override { return true; }
  bool changes_list() const override { return true; }
  std::uint64_t list_version() const override { return version_; }
  std::string Instructions() const override { return "A small world for tests."; }
  Json MoreCapabilities(bool modern) const override {
    return modern ? Json::MakeObject() : Json::MakeObject({{"logging", Json::MakeObject()}});
  }
  Json AnswerOther(const std::string& method, const Json&) override {
    return method == "logging/setLevel" ? Json::MakeObject() : Json();
  }

 private:
  static bool Can(const ToolRequest& request, std::string_view what) {
    const Json* meta = request.params.Find("_meta");
    const Json* can = meta == nullptr ? nullptr : meta->Find(McpMeta("clientCapabilities"));
    return can != nullptr && can->Find(what) != nullptr;
  }
  static ToolAnswer Lacking(std::string_view what) {
    const Json needed = Json::MakeObject({{std::string(what), Json::MakeObject()}});
    return {.rpc_error = Json::MakeObject({{"code", kMcpMissingCapability},
                                           {"message", "Missing required client capability"},
                                           {"data", Json::MakeObject({{"requiredCapabilities", needed}})}}),
            .status = 400};
  }

  ToolAnswer Plain(const std::string& name, const ToolRequest& request) {
    if (name == "test_simple_text") return Content({Text("This is a simple text response for testing.")});
    if (name == "test_image_content") return Content({Image()});
    if (name == "test_audio_content")
      return Content({Json::MakeObject({{"type", "audio"}, {"data", kWav}, {"mimeType", "audio/wav"}})});
    if (name == "test_embedded_resource")
      return Content({Resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")});
    if (name == "test_multiple_content_types")
      return Content({Text("Multiple content types test:"), Image(),
                      Resource("test://mixed-content-resource", "application/json", R"({"test":"data","value":123})")});
    if (name == "test_error_handling")
      return {.text = "This tool intentionally returns an error for testing", .error = true};
    if (name == "test_missing_capability" && !Can(request, "sampling")) return Lacking("sampling");
    if (name == "test_streaming_elicitation") return Elicit(request);
    if (name == "test_trigger_tool_change") {
      ++version_;
      if (!request.modern && request.notify) request.notify(McpServer::ListChanged(nullptr));
    }
    return {.text = "ok"};
  }

  static ToolAnswer Elicit(const ToolRequest& request) {
    if (!Can(request, "elicitation")) return Lacking("elicitation");
    if (request.params.Find("inputResponses") != nullptr) return {.text = "ok"};
    return {.result = Parsed(R"({"resultType": "input_required", "inputRequests": {"q": {"method": "elicitation/create",
        "params": {"mode": "form", "message": "name?", "requestedSchema": {"type": "object",
        "properties": {"name": {"type": "string"}}, "required": ["name"]}}}}})")};
  }

  Async<Status> Progress(const ToolRequest& request) {
    const Json* meta = request.params.Find("_meta");
    const Json* token = meta == nullptr ? nullptr : meta->Find("progressToken");
    for (const int done : {0, 50, 100}) {
      if (token != nullptr && request.notify) {
        request.notify(
            McpNotification("notifications/progress",
                            Json::MakeObject({{"progressToken", *token}, {"progress", done}, {"total", 100}})));
      }
      CO_TRY(co_await loop_.Sleep(std::chrono::milliseconds(20)));
    }
    co_return Status();
  }

  Async<Status> Log(const ToolRequest& request) {
    const Json* meta = request.params.Find("_meta");
    const bool wanted = !request.modern || (meta != nullptr && meta->Find(McpMeta("logLevel")) != nullptr);
    for (const char* words : {"Tool execution started", "Tool processing data", "Tool execution completed"}) {
      if (wanted && request.notify) {
        request.notify(
            McpNotification("notifications/message", Json::MakeObject({{"level", "info"}, {"data", words}})));
      }
      CO_TRY(co_await loop_.Sleep(std::chrono::milliseconds(20)));
    }
    co_return Status();
  }

  IoLoop& loop_;
  std::uint64_t version_ = 0;
};

std::atomic<bool> stop = false;

}  // namespace
}  // namespace xsweep

int main() {
  using namespace xsweep;  // NOLINT(google-build-using-namespace): a program of one page
  std::signal(SIGTERM, [](int) { stop = true; });
  std::signal(SIGINT, [](int) { stop = true; });
  SystemClock clock;
  const auto loop = IoLoop::Create(clock).value();
  const auto server = HttpServer::Listen(*loop, {}).value();
  const Mount mount = MountMcp(*server, "/mcp", std::make_shared<McpServer>(std::make_shared<FixtureHost>(*loop)));
  std::printf("%s\n", mount.url().c_str());
  std::fflush(stdout);
  loop->Run(UntilStopped(*loop, stop));
}
