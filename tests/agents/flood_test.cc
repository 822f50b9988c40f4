// A hundred thousand calls of one agent, all the way: connections, HTTP, MCP, the broker and an episode's turns.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "mcp/endpoint.h"
#include "parts/agents/external/broker.h"
#include "support/stranger.h"

namespace xsweep {
namespace {

constexpr int kConnections = 8;
constexpr int kCalls = 100000 / kConnections;  // of each connection
constexpr int kAtOnce = 50;                    // said before the first answer is heard

/// Says what it was asked, and counts.
Async<int> Serve(std::shared_ptr<ToolBroker> broker, const std::vector<ToolSchema>& tools) {
  Conversation conversation;
  conversation.tools = &tools;
  for (int served = 0;;) {
    auto next = broker->Next(conversation);
    const auto turn = co_await next;
    if (!turn) co_return served;
    for (const ToolCall& call : turn->calls) {
      conversation.messages.push_back({.speaker = Speaker::kTool,
                                       .text = fmt::format("said {}.", call.arguments.StringOr("text", "")),
                                       .calls = {},
                                       .call_id = call.id,
                                       .reasoning = {}});
      ++served;
    }
  }
}

/// The calls of one connection; how many were answered, each with its own answer and in its order.
Async<int> Flood(IoLoop& loop, int port, int connection) {
  Stranger stranger(loop, port);
  int answered = 0;
  for (int first = 0; first < kCalls; first += kAtOnce) {
    std::string requests;
    for (int i = first; i < first + kAtOnce; ++i) {
      const std::string body = fmt::format(
          R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"{}-{}"}}}}}})",
          i, connection, i);
      requests +=
          fmt::format("POST /t/0/mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
    }
    co_await stranger.Say(requests);
    const auto answer_to = [connection](int i) { return fmt::format("said {}-{}.", connection, i); };
    const std::string heard = co_await stranger.Hear(answer_to(first + kAtOnce - 1), std::chrono::seconds(60));
    std::size_t at = 0;
    for (int i = first; i < first + kAtOnce && at != std::string::npos; ++i) {
      at = heard.find(answer_to(i), at);
      answered += at == std::string::npos ? 0 : 1;
    }
  }
  co_return answered;
}

std::ptrdiff_t Descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

TEST(AFlood, IsAnsweredCallByCallAndLeavesNothing) {
  SystemClock clock;
  const auto loop = IoLoop::Create(clock).value();
  const auto server = HttpServer::Listen(*loop, {}).value();
  const std::vector<ToolSchema> tools = {{"echo", "Says it again.", Json::MakeObject({{"type", "object"}})}};
  const auto broker = std::make_shared<ToolBroker>(*loop);
  broker->Open({{tools[0]}}, {});
  const Mount mount = MountMcp(*server, "/t/0/mcp", std::make_shared<McpServer>(broker));
  int served = 0, answered = 0, ended = 0;
  loop->Spawn(Serve(broker, tools), [&](int count) { served = count; });
  const std::ptrdiff_t before = Descriptors();
  for (int i = 0; i < kConnections; ++i) {
    loop->Spawn(Flood(*loop, server->port(), i), [&](int count) {
      answered += count;
      if (++ended == kConnections) broker->Close();
    });
  }
  loop->RunSpawned();
  EXPECT_EQ(answered, kConnections * kCalls);
  EXPECT_EQ(served, kConnections * kCalls);
  for (int i = 0; i < 100 && server->connections() > 0; ++i) loop->Run(loop->Sleep(std::chrono::milliseconds(10)));
  EXPECT_EQ(server->connections(), 0U);
  EXPECT_EQ(Descriptors(), before);
}

}  // namespace
}  // namespace xsweep
