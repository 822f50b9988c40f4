// xsweep mcp-pipe: for agents that start MCP servers as programs: lines on stdin and stdout become requests to a URL.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/command.h"
#include "mcp/protocol.h"
#include "net/client/http.h"
#include "net/event_stream.h"

namespace xsweep {
namespace {

/// A call may wait for as long as its agent is willing to.
constexpr std::chrono::hours kPatience{6};

class Pipe {
 public:
  Pipe(Http& http, std::string url) : http_(http), url_(std::move(url)) {}

  Async<bool> Pass(std::string line) {
    HttpRequest request{.method = "POST", .url = url_, .body = std::move(line)};
    request.timeouts.first_byte = request.timeouts.total = kPatience;
    const Json message = Json::Parse(request.body).value_or(Json());
    AddHeaders(message, request);
    const auto response = co_await http_.Call(std::move(request));
    const Json* id = message.Find("id");
    if (response) {
      Write(message, *response);
    } else if (id != nullptr && response.error().failure != HttpFailure::kStopped) {
      Print(McpError(*id, kMcpFailed, response.error().error.message).Dump() + "\n");
    }
    std::fflush(stdout);
    co_return true;
  }

 private:
  // What the HTTP transport mirrors into headers, and stdio does not.
  void AddHeaders(const Json& message, HttpRequest& request) const {
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}};
    const Json* params = message.Find("params");
    const Json* meta = params == nullptr ? nullptr : params->Find("_meta");
    const std::string_view modern = meta == nullptr ? "" : meta->StringOr(McpMeta("protocolVersion"), "");
    const std::string version = modern.empty() ? negotiated_ : std::string(modern);
    if (!version.empty()) request.headers.push_back({"MCP-Protocol-Version", version});
    if (modern.empty()) return;
    const std::string method(message.StringOr("method", ""));
    request.headers.push_back({"Mcp-Method", method});
    if (method == "tools/call") request.headers.push_back({"Mcp-Name", std::string(params->StringOr("name", ""))});
  }

  void Write(const Json& asked, const HttpResponse& response) {
    const std::string* type = response.Header("content-type");
    if (type != nullptr && type->starts_with("text/event-stream")) {
      EventStreamReader reader;
      if (const auto events = reader.Feed(response.body))
        for (const StreamEvent& event : *events) Print(event.data + "\n");
      return;
    }
    const auto reply = Json::Parse(response.body);
    if (!reply) {
      const Json* id = asked.Find("id");
      if (id != nullptr)
        Print(McpError(*id, kMcpFailed, "the server answered HTTP " + std::to_string(response.status)).Dump() + "\n");
      return;
    }
    if (asked.StringOr("method", "") == "initialize" && reply->Find("result") != nullptr)
      negotiated_ = reply->Find("result")->StringOr("protocolVersion", "");
    Print(reply->Dump() + "\n");
  }

  Http& http_;
  const std::string url_;
  std::string negotiated_;
};

/// Lines of stdin arrive on the loop; the thread waits in `getline` and dies with the process.
void ReadLines(IoLoop& loop, const std::shared_ptr<Pipe>& pipe) {
  std::thread([&loop, pipe] {
    for (std::string line; std::getline(std::cin, line);) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      loop.Post([&loop, pipe, line] { loop.Spawn(pipe->Pass(line), [](bool) {}); });
    }
    loop.Post([&loop] { loop.RequestStop(); });  // the client has closed: what it still waits for is of no use to it
  }).detach();
}

}  // namespace

Expected<int> McpPipeCommand(const Invocation& invocation) {
  std::string url;
  Arguments arguments("mcp-pipe",
                      "Passes MCP messages between stdin and stdout and a server's URL, for agents that know servers "
                      "only as programs.",
                      "xsweep mcp-pipe http://127.0.0.1:7901/t/0f3a/mcp");
  arguments.Positional("url", &url, "the server's address");
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  // Lives as long as the process: the reading thread may post at any time.
  static SystemClock clock;
  static std::unique_ptr<IoLoop> loop;
  TRY_ASSIGN(loop, IoLoop::Create(clock));
  auto http = std::make_unique<Http>(*loop);
  ReadLines(*loop, std::make_shared<Pipe>(*http, std::move(url)));
  const auto wait = [](IoLoop& on, const std::atomic<bool>& stop) -> Async<bool> {
    const Status ended = co_await UntilStopped(on, stop);
    co_return ended.has_value();
  };
  loop->Run(wait(*loop, invocation.stop));
  loop->RequestStop();
  loop->RunSpawned();
  http.reset();
  // The reader may still sit in getline; nothing is left to be written.
  std::fflush(stdout);
  std::_Exit(kExitDone);
}

}  // namespace xsweep
