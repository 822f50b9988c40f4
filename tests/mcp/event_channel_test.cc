// Our client at a server of the first revision: one stream of events, and an address beside it.
// SPDX-License-Identifier: Apache-2.0
#include "mcp/event_channel.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/http_server.h"

namespace xsweep {
namespace {

using std::chrono::milliseconds;

TEST(TheAddressToPostTo, IsAtTheStreamsOwnServer) {
  const std::string stream = "http://h:8/a/sse?x=1";
  EXPECT_EQ(PostAddress(stream, "/messages/?session=1"), "http://h:8/messages/?session=1");
  EXPECT_EQ(PostAddress(stream, "messages?s=1"), "http://h:8/a/messages?s=1");
  EXPECT_EQ(PostAddress(stream, "http://h:8/m"), "http://h:8/m");
  EXPECT_EQ(PostAddress("http://h:8", "m"), "http://h:8/m");
  for (const char* elsewhere :
       {"http://h:80/m", "https://h:8/m", "http://h:8.evil/m", "//evil/m", "", "http://evil/"}) {
    EXPECT_FALSE(PostAddress(stream, elsewhere).has_value()) << elsewhere;
  }
}

/// Says "endpoint", and to everything posted what `answers` holds of its place, one after the other.
class AnOldServer : public ::testing::Test {
 protected:
  void Serve(std::vector<std::string> answers, std::string endpoint = "/old/messages?session=7") {
    mount_ = server_->Serve("/old", {.body_limit = 10000, .below = true},
                            [=, this](WebRequest request) -> Async<WebResponse> {
                              if (request.path == "/old/messages") {
                                posted_.push_back(request.query + " " + request.body);
                                co_return WebResponse{.status = 202, .body = "Accepted"};
                              }
                              if (request.method != "GET")
                                co_return WebResponse{.status = 405, .body = "Method Not Allowed"};
                              WebResponse response{.type = "text/event-stream"};
                              response.stream = [=, this](WebStream& stream) -> Async<Status> {
                                CO_TRY(co_await stream.Write("event: endpoint\ndata: " + endpoint + "\n\n"));
                                for (std::size_t i = 0; i < answers.size(); ++i) {
                                  while (posted_.size() <= i) CO_TRY(co_await loop_->Sleep(milliseconds(5)));
                                  CO_TRY(co_await stream.Write(answers[i]));
                                }
                                if (stays_) CO_TRY(co_await loop_->Sleep(std::chrono::hours(1)));
                                co_return Status();
                              };
                              co_return response;
                            });
    transport_ = ReachMcpServer({.url = mount_.url() + "/sse", .headers = {}}).value();
  }
  Expected<Json> Ask(std::string method, milliseconds limit = std::chrono::seconds(20)) {
    return loop_->Run(transport_->Ask(std::move(method), Json::MakeObject(), limit));
  }

  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_ = IoLoop::Create(clock_).value();
  std::unique_ptr<HttpServer> server_ = HttpServer::Listen(*loop_, {}).value();
  std::vector<std::string> posted_;
  bool stays_ = true;
  Mount mount_;
  std::unique_ptr<McpTransport> transport_;
};

constexpr const char* kFirst = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"said\":\"a\"}}\n\n";
constexpr const char* kSecond = "data: {\"jsonrpc\":\"2.0\",\"id\":\"2\",\"result\":{\"said\":\"b\"}}\n\n";

TEST_F(AnOldServer, IsHeardOnItsStreamWhereItRefusesWhatIsPostedThere) {
  Serve({kFirst, kSecond});
  auto first = Ask("initialize");
  ASSERT_TRUE(first) << first.error().Text();
  EXPECT_EQ(first->Find("result")->StringOr("said", ""), "a");
  const auto second = Ask("tools/list");
  ASSERT_TRUE(second) << second.error().Text();
  EXPECT_EQ(second->Find("result")->StringOr("said", ""), "b");
  ASSERT_EQ(posted_.size(), 2U);
  EXPECT_EQ(posted_[0].find("session=7 {"), 0U) << posted_[0];
}

TEST_F(AnOldServer, IsAnsweredWhenItAsks) {
  Serve({std::string("data: {\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n\n"), kFirst});
  EXPECT_TRUE(Ask("initialize"));
  ASSERT_EQ(posted_.size(), 2U);
  EXPECT_NE(posted_[1].find("\"id\":\"p\""), std::string::npos) << posted_[1];
}

TEST_F(AnOldServer, ThatClosesItsStreamLeavesNobodyWaiting) {
  stays_ = false;
  Serve({kFirst, ": nothing more\n\n"});
  EXPECT_TRUE(Ask("initialize"));
  const SteadyTime asked = clock_.Now();
  for (const char* method : {"tools/list", "tools/call"}) {
    const auto answer = Ask(method);
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("closed its stream"), std::string::npos) << answer.error().Text();
  }
  EXPECT_LT(clock_.Now() - asked, std::chrono::seconds(10));
}

TEST_F(AnOldServer, IsNotFollowedToAnotherServer) {
  Serve({kFirst}, "http://127.0.0.1:1/messages");
  const auto answer = Ask("initialize");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("405"), std::string::npos) << answer.error().Text();
  EXPECT_TRUE(posted_.empty());
}

TEST_F(AnOldServer, ThatSaysNothingIsWaitedForNoLongerThanAsked) {
  Serve({": silence\n\n"});
  const auto answer = Ask("initialize", milliseconds(300));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("not answered in time"), std::string::npos) << answer.error().Text();
}

}  // namespace
}  // namespace xsweep
