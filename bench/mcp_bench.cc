// What standing in between costs: a tool call through HTTP, MCP and broker to an episode's loop and back, and what an
// idle agent holds. The client's side of the wire is in the figures too.
// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <list>

#include "base/clock.h"
#include "mcp/endpoint.h"
#include "parts/agents/external/broker.h"

namespace xsweep {
namespace {

int Connect(int port) {
  const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  CHECK(::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "cannot connect");
  return peer;
}

std::string Post(const std::string& path, const std::string& body) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", path,
      body.size(), body);
}
constexpr std::string_view kCall =
    R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_user_details","arguments":{"user_id":"u1"}}})";

/// The bytes resident in memory.
double Resident() {
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

struct World {
  SystemClock clock;
  std::unique_ptr<IoLoop> loop = IoLoop::Create(clock).value();
  std::unique_ptr<HttpServer> server = HttpServer::Listen(*loop, {}).value();
  std::vector<ToolSchema> tools = {{"get_user_details", "Looks a user up.", Json::MakeObject({{"type", "object"}})}};
};

/// Plays the episode's side: every call gets a result of 700 bytes.
Async<bool> Serve(std::shared_ptr<ToolBroker> broker, const std::vector<ToolSchema>& tools, int calls) {
  Conversation conversation;
  conversation.tools = &tools;
  for (int served = 0; served < calls;) {
    auto next = broker->Next(conversation);
    const auto turn = co_await next;
    if (!turn) co_return false;
    for (const ToolCall& call : turn->calls) {
      conversation.messages.push_back(
          {.speaker = Speaker::kTool, .text = std::string(700, 'x'), .calls = {}, .call_id = call.id, .reasoning = {}});
      ++served;
    }
  }
  auto last = broker->Next(conversation);  // hands the last results over, then waits for an end
  const auto ended = co_await last;
  co_return ended.has_value();
}

Async<bool> Ask(Socket& socket, const std::string& request, const SystemClock& clock) {
  const SteadyTime deadline = clock.Now() + std::chrono::seconds(10);
  CHECK((co_await socket.Write(request, deadline)).has_value(), "cannot write");
  char piece[4096];
  std::size_t got = 0;
  while (got < 700) {
    const auto read = co_await socket.Read(piece, sizeof piece, deadline);
    CHECK(read && *read > 0, "no answer");
    got += *read;
  }
  co_return true;
}

void ToolCalls(benchmark::State& state) {
  World world;
  const auto broker = std::make_shared<ToolBroker>(*world.loop);
  broker->Open({{world.tools[0]}}, {});
  const Mount mount = MountMcp(*world.server, "/t/0/mcp", std::make_shared<McpServer>(broker));
  world.loop->Spawn(Serve(broker, world.tools, 1 << 30), [](bool) {});
  Socket client(*world.loop, Connect(world.server->port()));
  const std::string request = Post("/t/0/mcp", std::string(kCall));
  for (auto _ : state) world.loop->Run(Ask(client, request, world.clock));
  broker->Close();
  world.loop->RunSpawned();
}
BENCHMARK(ToolCalls)->Unit(benchmark::kMicrosecond);

void IdleAgents(benchmark::State& state) {
  constexpr int kAgents = 1000;
  for (auto _ : state) {
    World world;
    struct Idle {
      std::shared_ptr<ToolBroker> broker;
      Mount mount;
      int client;
    };
    const double before = Resident();
    std::list<Idle> agents;
    for (int i = 0; i < kAgents; ++i) {
      Idle idle{std::make_shared<ToolBroker>(*world.loop), {}, -1};
      idle.broker->Open({{world.tools[0]}}, {});
      const std::string path = fmt::format("/t/{}/mcp", i);
      idle.mount = MountMcp(*world.server, path, std::make_shared<McpServer>(idle.broker));
      idle.client = Connect(world.server->port());
      const std::string request = Post(path, std::string(kCall));  // asks, and waits for its answer
      CHECK(::send(idle.client, request.data(), request.size(), MSG_NOSIGNAL) > 0, "cannot send");
      agents.push_back(std::move(idle));
    }
    while (world.server->connections() < kAgents) world.loop->Run(world.loop->Sleep(std::chrono::milliseconds(5)));
    world.loop->Run(world.loop->Sleep(std::chrono::milliseconds(50)));
    state.counters["bytes_an_agent"] = (Resident() - before) / kAgents;
    for (Idle& idle : agents) {
      idle.broker->Close();
      ::close(idle.client);
    }
    world.loop->Run(world.loop->Sleep(std::chrono::milliseconds(50)));
  }
}
BENCHMARK(IdleAgents)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace xsweep

BENCHMARK_MAIN();
