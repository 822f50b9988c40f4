// The MCP server at an address: headers that carry anything, and clients that go while their call runs on.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/endpoint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/clock.h"
#include "net/client/http.h"

namespace xsweep {
namespace {

/// One tool that takes its time and says so before it answers.
class SlowHost final : public ToolHost {
 public:
  explicit SlowHost(IoLoop& loop) : loop_(loop) {}
  Async<Expected<HostedTools>> List() override {
    return Expected<HostedTools>(std::make_shared<const std::vector<HostedTool>>());
  }
  Async<Expected<ToolAnswer>> Call(ToolRequest request) override {
    ++begun;
    CO_TRY(co_await loop_.Sleep(pause));
    if (request.notify) request.notify(McpServer::ListChanged(nullptr));
    ++ended;
    co_return ToolAnswer{.text = "at last"};
  }
  void Cancel(std::uint64_t /*key*/) override { ++cancelled; }
  bool notifies() const override { return true; }
  bool changes_list() const override { return true; }

  std::chrono::milliseconds pause{100};
  int begun = 0, ended = 0, cancelled = 0;

 private:
  IoLoop& loop_;
};

class AnEndpoint : public ::testing::Test {
 protected:
  std::string Post(const std::string& body, std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    const auto post = [](Http& http, std::string url, std::string text,
                         std::chrono::milliseconds limit) -> Async<std::string> {
      HttpRequest request{.method = "POST", .url = std::move(url), .body = std::move(text)};
      request.timeouts.total = request.timeouts.first_byte = limit;
      const auto response = co_await http.Call(std::move(request));
      co_return response ? response->body : std::string("gone");
    };
    Http http(*loop_);
    return loop_->Run(post(http, mount_.url(), body, patience));
  }

  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_ = IoLoop::Create(clock_).value();
  std::unique_ptr<HttpServer> server_ = HttpServer::Listen(*loop_, {}).value();
  std::shared_ptr<SlowHost> host_ = std::make_shared<SlowHost>(*loop_);
  Mount mount_ = MountMcp(*server_, "/mcp", std::make_shared<McpServer>(host_));
};

constexpr const char* kCall =
    R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{}}})";

TEST_F(AnEndpoint, TellsClientsOfTheOldEraAheadOfTheAnswer) {
  const std::string opened = Post(
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}})");
  EXPECT_NE(opened.find(R"("tools":{"listChanged":true})"), std::string::npos) << opened;
  const std::string heard = Post(kCall);
  const std::size_t note = heard.find("notifications/tools/list_changed");
  ASSERT_NE(note, std::string::npos) << heard;
  EXPECT_LT(note, heard.find("at last"));
}

TEST_F(AnEndpoint, OutlivesAClientThatHangsUp) {
  // Long enough to be heard on a busy machine, and far from the answer.
  host_->pause = std::chrono::milliseconds(1500);
  EXPECT_EQ(Post(kCall, std::chrono::milliseconds(500)), "gone");
  loop_->RunSpawned();
  EXPECT_EQ(host_->begun, 1);
  EXPECT_EQ(host_->cancelled, 1);
  EXPECT_EQ(host_->ended, 1);
  EXPECT_NE(Post(kCall).find("at last"), std::string::npos);
}

TEST(McpHeader, SaysAnyTextAndReadsItBack) {
  for (const std::string text : {"plain", "", " blank at an end", "Zo\xC3\xAB", "=?base64?no?=", "a\nb"}) {
    const std::string said = McpHeaderText(text);
    EXPECT_EQ(said.find('\n'), std::string::npos);
    EXPECT_EQ(McpHeaderValue(said), text);
  }
  EXPECT_EQ(McpHeaderText("plain"), "plain");
  EXPECT_EQ(McpHeaderValue("=?base64?!!?="), std::nullopt);
}

}  // namespace
}  // namespace xsweep
