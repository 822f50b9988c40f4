// Our client at an address whose streams end before the answer, never end, or break.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>

#include "base/clock.h"
#include "mcp/heard_stream.h"
#include "mcp/transport.h"
#include "net/http_server.h"

namespace xsweep {
namespace {

using std::chrono::milliseconds;

constexpr const char* kPriming = "id: e1\nretry: 120\ndata: \n\n";
constexpr const char* kAnswer =
    "event: message\nid: e2\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"said\":\"at last\"}}\n\n";

class AStreamingServer : public ::testing::Test {
 protected:
  /// What it writes to a POST and to a GET, and whether the streams then stay open, end, or are cut.
  struct Conduct {
    std::string posted;
    std::string got;
    enum { kEnds, kStays, kBreaks } then = kEnds;
    int get_status = 200;
  };
  Expected<Json> Ask(const Conduct& conduct, milliseconds limit = std::chrono::seconds(20)) {
    const Mount mount = server_->Serve("/mcp", {.body_limit = 10000}, [&](WebRequest request) -> Async<WebResponse> {
      const bool get = request.method == "GET";
      if (get) {
        const std::string* last = request.Header("last-event-id");
        resumed_.push_back(last == nullptr ? "" : *last);
        asked_again_ = clock_.Now();
      }
      if (get && conduct.get_status != 200) co_return WebResponse{.status = conduct.get_status, .body = "no"};
      WebResponse response{.type = "text/event-stream"};
      response.stream = [this, then = conduct.then,
                         text = get ? conduct.got : conduct.posted](WebStream& stream) -> Async<Status> {
        CO_TRY(co_await stream.Write(text));
        ended_ = clock_.Now();
        if (then == Conduct::kStays) CO_TRY(co_await loop_->Sleep(std::chrono::hours(1)));
        if (then == Conduct::kBreaks) co_return WorldError("cut");
        co_return Status();
      };
      co_return response;
    });
    const auto transport = ReachMcpServer({.url = mount.url(), .headers = {}}).value();
    transport->Speak("2025-11-25", false);
    return loop_->Run(transport->Ask("tools/call", Json::MakeObject({{"name", "slow"}}), limit));
  }

  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_ = IoLoop::Create(clock_).value();
  std::unique_ptr<HttpServer> server_ = HttpServer::Listen(*loop_, {}).value();
  std::vector<std::string> resumed_;
  SteadyTime ended_, asked_again_;
};

TEST_F(AStreamingServer, MayEndAStreamAndSayTheAnswerOnTheNext) {
  const auto answer = Ask({.posted = kPriming, .got = kAnswer});
  ASSERT_TRUE(answer) << answer.error().Text();
  EXPECT_EQ(answer->Find("result")->StringOr("said", ""), "at last");
  EXPECT_EQ(resumed_, std::vector<std::string>{"e1"});
}

TEST_F(AStreamingServer, ThatWantsAuthorizationIsAnErrorThatSaysHowToGiveIt) {
  for (const int status : {401, 403, 500}) {
    const Mount mount = server_->Serve("/closed", {.body_limit = 10000}, [&](WebRequest) -> Async<WebResponse> {
      co_return WebResponse{.status = status,
                            .headers = {{"WWW-Authenticate", "Bearer resource_metadata=\"https://a/b\""}},
                            .body = "no"};
    });
    const auto transport = ReachMcpServer({.url = mount.url(), .headers = {}}).value();
    const auto answer = loop_->Run(transport->Ask("tools/list", Json(), std::chrono::seconds(20)));
    ASSERT_FALSE(answer);
    const std::string& said = answer.error().message;
    EXPECT_TRUE(said.starts_with("HTTP " + std::to_string(status) + ": no")) << said;
    EXPECT_EQ(said.contains("Authorization: \"Bearer $NAME\""), status != 500) << said;
    EXPECT_EQ(said.contains("https://a/b"), status != 500) << said;
  }
}

TEST_F(AStreamingServer, OrItsGatewayDoesNotSpeakForATool) {
  struct Said {
    int status;
    const char* body;
    bool by_the_tool;
  };
  const Said all[] = {
      {200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no such account"}})", true},
      {400, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no such account"}})", true},
      {404, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such tool"}})", true},
      {404, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Session not found"}})", false},
      {200, R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}})", false},
      {400, R"({"error":"gateway says no"})", false},
      {401, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"token expired"}})", false},
      {429, R"({"error":{"message":"slow down"}})", false},
      {503, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"overloaded"}})", false},
  };
  for (const Said& said : all) {
    const Mount mount = server_->Serve("/mcp", {.body_limit = 10000}, [&](WebRequest) -> Async<WebResponse> {
      co_return WebResponse{.status = said.status, .type = "application/json", .body = said.body};
    });
    const auto transport = ReachMcpServer({.url = mount.url(), .headers = {}}).value();
    const auto answer =
        loop_->Run(transport->Ask("tools/call", Json::MakeObject({{"name", "pay"}}), std::chrono::seconds(20)));
    EXPECT_EQ(answer.has_value(), said.by_the_tool) << said.status << said.body;
  }
}

TEST_F(AStreamingServer, MayHaveItsSessionEndedWhereATrialRuns) {
  const Mount mount = server_->Serve("/mcp", {.body_limit = 10000}, [&](WebRequest) -> Async<WebResponse> {
    co_return WebResponse{.type = "application/json",
                          .headers = {{"Mcp-Session-Id", "s1"}},
                          .body = R"({"jsonrpc":"2.0","id":1,"result":{}})"};
  });
  const auto trial = [&]() -> Async<Status> {
    auto transport = ReachMcpServer({.url = mount.url(), .headers = {}}).value();
    auto asking = transport->Ask("tools/list", Json(), std::chrono::seconds(20));
    CO_TRY(co_await asking);
    transport.reset();  // on this loop, which serves the address as well: nobody answers before it goes on
    co_return Status();
  };
  const auto done = loop_->Run(trial());
  EXPECT_TRUE(done) << done.error().Text();
}

TEST_F(AStreamingServer, MayNameItsStreamsInCapitals) {
  const Mount mount = server_->Serve("/mcp", {.body_limit = 10000}, [&](WebRequest) -> Async<WebResponse> {
    co_return WebResponse{.type = "Text/Event-Stream; charset=utf-8", .body = kAnswer};
  });
  const auto transport = ReachMcpServer({.url = mount.url(), .headers = {}}).value();
  EXPECT_TRUE(loop_->Run(transport->Ask("tools/call", Json::MakeObject({{"name", "slow"}}), std::chrono::seconds(20))));
}

TEST_F(AStreamingServer, IsNotAskedAgainBeforeTheTimeThatItSaid) {
  const auto failed = Ask({.posted = kPriming, .got = "", .get_status = 405});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("HTTP 405"), std::string::npos) << failed.error().message;
  EXPECT_GE(asked_again_ - ended_, milliseconds(110));
}

TEST_F(AStreamingServer, NeedNotEndItsStreamOnceItHasAnswered) {
  const SteadyTime start = clock_.Now();
  const auto answer = Ask({.posted = kAnswer, .got = "", .then = Conduct::kStays});
  ASSERT_TRUE(answer) << answer.error().Text();
  EXPECT_LT(clock_.Now() - start, std::chrono::seconds(15));
  EXPECT_TRUE(resumed_.empty());
}

TEST_F(AStreamingServer, IsAskedAgainWhereAStreamBreaks) {
  const auto answer = Ask({.posted = kPriming, .got = std::string(kPriming) + kAnswer, .then = Conduct::kBreaks});
  ASSERT_TRUE(answer) << answer.error().Text();
  EXPECT_EQ(resumed_, std::vector<std::string>{"e1"});
}

TEST_F(AStreamingServer, ThatNeverAnswersIsGivenUpInTime) {
  const auto failed = Ask({.posted = kPriming, .got = kPriming}, milliseconds(700));
  ASSERT_FALSE(failed);
  EXPECT_GE(resumed_.size(), 2U);
  EXPECT_LE(resumed_.size(), 6U);
  // Without an id there is nothing to go on from.
  resumed_.clear();
  EXPECT_FALSE(Ask({.posted = "data: {}\n\n", .got = kAnswer}));
  EXPECT_TRUE(resumed_.empty());
}

}  // namespace
}  // namespace xsweep
