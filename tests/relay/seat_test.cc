// What passes between an agent and its model, and what is known of it afterwards.
// SPDX-License-Identifier: Apache-2.0
#include "relay/seat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "relay/wires/write_reply.h"
#include "support/model_server.h"

namespace xsweep {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Manner = testing::ServerReply::Manner;

constexpr std::string_view kKey = "sk-canary-0123456789abcdef";

std::string Stream(Wire wire) {
  ModelReply reply;
  reply.text = "I will look into that, one moment please.";
  reply.calls = {{"call_1", "mcp__desk__look", Json::Parse(R"({"n":1})").value()}};
  reply.usage.prompt_tokens = 100;
  reply.usage.completion_tokens = 10;
  const std::vector<OfferedTool> tools = {{.name = "mcp__desk__look"}};
  std::string out;
  for (const std::string& event : WriteReplyStream(wire, reply, {"s", "m", &tools, true})) out += event;
  return out;
}

constexpr std::string_view kChat =
    R"({"model":"m","stream":true,"unknown":[1.50,{"b":2,"a":1}],"messages":[{"role":"user","content":"hello, PAYLOAD it is"}],"tools":[{"type":"function","function":{"name":"mcp__desk__look"}}]})";

class Relay : public ::testing::Test {
 protected:
  Relay() {
    ::setenv("XSWEEP_TEST_KEY", std::string(kKey).c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    loop_ = IoLoop::Create(clock_).value();
    http_ = std::make_unique<Http>(*loop_);
    server_ = HttpServer::Listen(*loop_, {}).value();
  }
  ~Relay() override {
    if (seat_) seat_->Close();
    server_.reset();
  }

  void Open(testing::ModelServer::Handler handler, int most_requests = 200) {
    upstream_ = std::make_unique<testing::ModelServer>([this, handler](const testing::SeenRequest& seen) {
      seen_.push_back(seen);
      return handler(seen);
    });
    SeatContext context;
    context.http = http_.get();
    context.tools = {"look"};
    context.upstream.base = upstream_->Url();
    context.upstream.key_env = "XSWEEP_TEST_KEY";
    context.upstream.price = Price{.input_usd_per_million = 1,
                                   .output_usd_per_million = 10,
                                   .cached_input_usd_per_million = 0.1,
                                   .cache_write_usd_per_million = 2};
    context.most_requests = most_requests;
    seat_ = std::make_shared<RelaySeat>(std::move(context));
    mount_ = MountModel(*server_, "/t/token/model", seat_);
  }

  std::expected<HttpResponse, HttpError> Ask(std::string path, std::string_view body,
                                             std::vector<HttpHeader> headers = {}) {
    headers.push_back({"Authorization", "Bearer xsweep-token"});
    headers.push_back({"X-Api-Key", "xsweep-token"});
    HttpRequest request{.method = body.empty() ? "GET" : "POST",
                        .url = mount_.url() + path,
                        .headers = std::move(headers),
                        .body = std::string(body)};
    return loop_->Run(http_->Call(std::move(request)));
  }

  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_;
  std::unique_ptr<Http> http_;
  std::unique_ptr<HttpServer> server_;
  std::vector<testing::SeenRequest> seen_;  // the upstream's thread writes into it until that is gone
  std::unique_ptr<testing::ModelServer> upstream_;
  std::shared_ptr<RelaySeat> seat_;
  Mount mount_;
};

testing::ServerReply Events(std::string body, Manner manner = Manner::kProper) {
  return {.headers = {{"Content-Type", "text/event-stream"}, {"x-request-id", "r7"}},
          .body = std::move(body),
          .manner = manner};
}

TEST_F(Relay, PassesBothWaysByteByByte) {
  for (const auto& [wire, path] : {std::pair{Wire::kChat, "/v1/chat/completions?beta=true"},
                                   {Wire::kResponses, "/v1/responses"},
                                   {Wire::kMessages, "/v1/messages"}}) {
    const std::string stream = Stream(wire);
    Open([&](const testing::SeenRequest&) { return Events(stream); });
    const std::string body =
        wire == Wire::kResponses
            ? R"({"stream":true,"input":"hello","tools":[{"type":"function","name":"mcp__desk__look"}]})"
            : std::string(kChat);
    const auto answer = Ask(path, body, {{"anthropic-beta", "x-2026"}, {"Content-Type", "application/json"}});
    ASSERT_TRUE(answer) << answer.error().error.Text();
    EXPECT_EQ(answer->body, stream);
    ASSERT_NE(answer->Header("x-request-id"), nullptr);
    EXPECT_EQ(*answer->Header("content-type"), "text/event-stream");
    EXPECT_EQ(seen_.back().body, body);
    EXPECT_EQ(seen_.back().target, path);
    EXPECT_EQ(seen_.back().Header("anthropic-beta"), "x-2026");
    mount_ = Mount();
  }
}

TEST_F(Relay, ChangesKeysAtTheBorder) {
  Open([](const testing::SeenRequest&) { return Events(Stream(Wire::kChat)); });
  ASSERT_TRUE(Ask("/v1/chat/completions", kChat));
  EXPECT_EQ(seen_.back().Header("Authorization"), "Bearer " + std::string(kKey));
  for (const auto& [name, value] : seen_.back().headers) EXPECT_THAT(value, Not(HasSubstr("xsweep-token"))) << name;
}

TEST_F(Relay, LetsNoKeyBackThatItsServerRepeats) {
  const std::string echo = "data: {\"error\":{\"message\":\"bad key " + std::string(kKey) + "\"}}\n\n";
  for (const Manner manner : {Manner::kProper, Manner::kTrickle}) {
    Open([&](const testing::SeenRequest&) { return Events(echo, manner); });
    const auto answer = Ask("/v1/chat/completions", kChat);
    ASSERT_TRUE(answer);
    EXPECT_THAT(answer->body, HasSubstr("[secret]"));
    EXPECT_THAT(answer->body, Not(HasSubstr("0123456789abcdef")));
    mount_ = Mount();
  }
}

TEST_F(Relay, PricesWhatAServerReadFromItsCacheAsSuch) {
  Open([](const testing::SeenRequest&) {
    return testing::ServerReply{
        .body = R"({"type":"message","role":"assistant","content":[{"type":"text","text":"fine"}],)"
                R"("stop_reason":"end_turn","usage":{"input_tokens":10,"cache_read_input_tokens":1000,)"
                R"("cache_creation_input_tokens":100,"output_tokens":5}})"};
  });
  ASSERT_TRUE(Ask("/v1/messages", R"({"messages":[{"role":"user","content":"hello"}]})"));
  const Usage used = seat_->watch().TakeUsage();
  EXPECT_EQ(used.prompt_tokens, 1110);
  EXPECT_EQ(used.cached_tokens, 1000);
  EXPECT_EQ(used.written_tokens, 100);
  EXPECT_EQ(used.cost_nano_usd, 10'000 + 100'000 + 200'000 + 50'000);
}

TEST_F(Relay, KnowsWhatTheModelWasShownSaidAndUsed) {
  Open([](const testing::SeenRequest&) { return Events(Stream(Wire::kChat)); });
  EXPECT_FALSE(seat_->watch().asked());
  ASSERT_TRUE(Ask("/v1/chat/completions", kChat));
  EXPECT_TRUE(seat_->watch().asked() && seat_->watch().offered());
  EXPECT_EQ(seat_->watch().Sent("PAYLOAD it is"), Delivery::kIntact);
  EXPECT_EQ(seat_->watch().Sent("nobody said this"), Delivery::kNone);
  const Usage used = seat_->watch().TakeUsage();
  EXPECT_EQ(used.calls, 1);
  EXPECT_EQ(used.prompt_tokens, 100);
  EXPECT_EQ(used.cost_nano_usd, 200'000);
  EXPECT_EQ(seat_->watch().TakeUsage(), Usage());
  ASSERT_EQ(seat_->watch().OpenCalls().size(), 1U);
  EXPECT_EQ(seat_->watch().OpenCalls()[0].name, "look");
  EXPECT_EQ(seat_->watch().WordsFor({"other", "look", Json::Parse(R"({"n":2})").value()}), "");
  EXPECT_THAT(seat_->watch().Notes(), Contains(HasSubstr("called look {\"n\":1} and nobody executed it")));
  EXPECT_EQ(seat_->watch().WordsFor({"mcp_1", "look", Json::Parse(R"({"n":1})").value()}),
            "I will look into that, one moment please.");
  EXPECT_THAT(seat_->watch().OpenCalls(), IsEmpty());
}

// One client calls a tool as soon as the call stands in the stream, and its stream ends later.
TEST_F(Relay, JoinsACallThatIsExecutedBeforeItsStreamHasEnded) {
  Open([](const testing::SeenRequest&) { return Events(Stream(Wire::kChat)); });
  EXPECT_EQ(seat_->watch().WordsFor({"call_1", "look", Json::Parse(R"({"n":1})").value()}), "");
  ASSERT_TRUE(Ask("/v1/chat/completions", kChat));
  EXPECT_THAT(seat_->watch().OpenCalls(), IsEmpty());
  EXPECT_THAT(seat_->watch().Notes(), Not(Contains(HasSubstr("nobody executed"))));
}

TEST_F(Relay, CountsCallsWithoutToolsApart) {
  Open([](const testing::SeenRequest&) { return testing::ServerReply{.body = testing::ChatBody("A title")}; });
  ASSERT_TRUE(Ask("/v1/chat/completions", R"({"messages":[{"role":"user","content":"a title, please"}]})"));
  EXPECT_FALSE(seat_->watch().asked());
  EXPECT_EQ(seat_->watch().TakeUsage().calls, 1);
  EXPECT_THAT(seat_->watch().Notes(), Contains(HasSubstr("0 requests of the dialogue, 1 beside it (15 tokens)")));
}

TEST_F(Relay, IsNotReadyWithoutOurTools) {
  Open([](const testing::SeenRequest&) { return testing::ServerReply{.body = testing::ChatBody("hello")}; });
  ASSERT_TRUE(
      Ask("/v1/chat/completions",
          R"({"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"shell"}}]})"));
  EXPECT_TRUE(seat_->watch().asked());
  EXPECT_FALSE(seat_->watch().offered());
}

TEST_F(Relay, HandsOnErrorsAsTheyAre) {
  for (const int status : {400, 401, 429, 500, 529}) {
    Open([&](const testing::SeenRequest&) {
      return testing::ServerReply{.status = status,
                                  .headers = {{"Content-Type", "application/json"}, {"retry-after", "7"}},
                                  .body = R"({"error":{"message":"no"}})"};
    });
    const auto answer = Ask("/v1/chat/completions", kChat);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, status);
    EXPECT_EQ(answer->body, R"({"error":{"message":"no"}})");
    EXPECT_EQ(*answer->Header("retry-after"), "7");
    EXPECT_THAT(seat_->watch().Notes(), Contains(HasSubstr("1 were errors")));
    mount_ = Mount();
  }
}

constexpr Wire kWires[] = {Wire::kChat, Wire::kResponses, Wire::kMessages};

std::string PathOf(Wire wire) {
  return wire == Wire::kChat ? "/v1/chat/completions" : wire == Wire::kResponses ? "/v1/responses" : "/v1/messages";
}

std::string_view BodyOf(Wire wire) {
  return wire == Wire::kResponses
             ? R"({"stream":true,"input":"hello","tools":[{"type":"function","name":"mcp__desk__look"}]})"
             : kChat;
}

// An error in the middle, as each provider writes it into a stream that has begun.
std::string ErrorEvent(Wire wire) {
  switch (wire) {
    case Wire::kChat:
      return "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":500}}\n\n";
    case Wire::kResponses:
      return "event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"429\"}\n\n";
    case Wire::kMessages:
      return "event: error\ndata: "
             "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"529\"}}\n\n";
  }
  return {};
}

TEST_F(Relay, CutsWhatWasCutOnEveryWire) {
  for (const Wire wire : kWires) {
    Open([&](const testing::SeenRequest&) { return Events(Stream(wire), Manner::kDropMidway); });
    EXPECT_FALSE(Ask(PathOf(wire), BodyOf(wire))) << "a half looks like a whole";
    EXPECT_THAT(seat_->watch().Notes(), Contains(HasSubstr("1 broke off")));
    EXPECT_THAT(seat_->watch().OpenCalls(), IsEmpty()) << "a call of half a reply counts";
    mount_ = Mount();
  }
  Open([](const testing::SeenRequest&) { return testing::ServerReply{.manner = Manner::kDrop}; });
  EXPECT_EQ(Ask("/v1/chat/completions", kChat)->status, 502);
}

TEST_F(Relay, HandsOnErrorsInTheMiddleOfAStreamAndCountsNoReply) {
  for (const Wire wire : kWires) {
    const std::string half = Stream(wire).substr(0, Stream(wire).find("\n\n") + 2) + ErrorEvent(wire);
    Open([&](const testing::SeenRequest&) { return Events(half); });
    const auto answer = Ask(PathOf(wire), BodyOf(wire));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, half);
    EXPECT_THAT(seat_->watch().Notes(), Contains(HasSubstr("1 could not be read")));
    EXPECT_THAT(seat_->watch().OpenCalls(), IsEmpty());
    EXPECT_EQ(seat_->watch().TakeUsage().calls, 0);
    mount_ = Mount();
  }
}

TEST_F(Relay, HandsOnGarbageAsItIs) {
  for (const Wire wire : kWires) {
    const std::string garbage = "data: {\"choi\n\ndata: \xff\xfenonsense\n\nevent: what\n\n";
    Open([&](const testing::SeenRequest&) { return Events(garbage); });
    EXPECT_EQ(Ask(PathOf(wire), BodyOf(wire))->body, garbage);
    EXPECT_THAT(seat_->watch().Notes(), Contains(HasSubstr("1 could not be read")));
    mount_ = Mount();
  }
}

TEST_F(Relay, WaitsForASlowStreamAndPassesItByteByByte) {
  for (const Wire wire : kWires) {
    const std::string slow = Stream(wire).substr(0, 25);
    Open([&](const testing::SeenRequest&) { return Events(slow, Manner::kTrickle); });
    EXPECT_EQ(Ask(PathOf(wire), BodyOf(wire))->body, slow);
    mount_ = Mount();
  }
}

TEST_F(Relay, KnowsWhetherTheLastRequestWasAnswered) {
  const auto last = [this](std::string body, int status = 200) {
    Open([&](const testing::SeenRequest&) {
      return testing::ServerReply{.status = status, .headers = {{"Content-Type", "application/json"}}, .body = body};
    });
    EXPECT_FALSE(seat_->watch().last_word()) << "nothing was asked";
    EXPECT_TRUE(Ask("/v1/chat/completions", kChat));
    LastWord word = seat_->watch().last_word().value_or(LastWord{.failure = "nothing came", .why = {}});
    mount_ = Mount();
    return word;
  };
  EXPECT_EQ(last(testing::ChatBody("No.")).failure, "");
  EXPECT_EQ(last(testing::ChatBody("No.")).no_answer, NoAnswer::kNone);
  EXPECT_EQ(last(testing::ChatBody("No."), 529).failure, "was an error (status 529)");
  EXPECT_EQ(last("{\"choi").failure, "could not be read");
  EXPECT_EQ(last(testing::ChatBody(" ")).no_answer, NoAnswer::kEmpty);
  const std::string call = R"({\"name\":\"mcp__desk__look\",\"arguments\":{\"n\":1}})";
  EXPECT_EQ(last(R"({"choices":[{"finish_reason":"stop","message":{"content":")" + call + "\"}}]}").no_answer,
            NoAnswer::kCallInText);
}

TEST_F(Relay, ReadsARequestWithHalfACharacterAndPassesItAsItIs) {
  Open([](const testing::SeenRequest&) { return Events(Stream(Wire::kChat)); });
  std::string body(kChat);
  body.replace(body.find("hello"), 5, "\\ud83d hello");
  ASSERT_EQ(Ask("/v1/chat/completions", body)->status, 200);
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(seen_[0].body, body);
  EXPECT_EQ(seat_->watch().Sent("hello, PAYLOAD it is"), Delivery::kIntact);
}

TEST_F(Relay, KnowsThatARequestWhichItCouldNotReadWasNotAnswered) {
  Open([](const testing::SeenRequest&) { return Events(Stream(Wire::kChat)); });
  EXPECT_EQ(Ask("/v1/chat/completions", "{\"messages\":")->status, 400);
  ASSERT_TRUE(seat_->watch().last_word());
  EXPECT_EQ(seat_->watch().last_word()->failure, "was an error (status 400)");
}

TEST_F(Relay, UnpacksWhatAGatewayCompressedUnasked) {
  // A JSON object as gzip has it without compression: {"choices":[]}
  const std::string packed(
      "\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x0e\0\xf1\xff{\"choices\":[]}\x4b\x9e\xba\xad"
      "\x0e\0\0\0",
      37);
  Open([&](const testing::SeenRequest&) {
    return testing::ServerReply{.headers = {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}},
                                .body = packed};
  });
  const auto answer = Ask("/v1/chat/completions", kChat);
  ASSERT_TRUE(answer) << answer.error().error.Text();
  EXPECT_EQ(answer->body, "{\"choices\":[]}");
  EXPECT_EQ(answer->Header("content-encoding"), nullptr);
}

TEST_F(Relay, StopsAnAgentThatAsksWithoutEnd) {
  Open([](const testing::SeenRequest&) { return Events(Stream(Wire::kChat)); }, 2);
  std::string failure;
  seat_->OnFailure([&](const Error& error) { failure = error.message; });
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Ask("/v1/chat/completions", kChat)->status, 200);
  EXPECT_EQ(Ask("/v1/chat/completions", kChat)->status, 429);
  EXPECT_THAT(failure, HasSubstr("more than 2 times"));
  EXPECT_EQ(seen_.size(), 2U);
}

TEST_F(Relay, TellsLateRequestsThatTheTrialIsOver) {
  Open([](const testing::SeenRequest&) { return Events(Stream(Wire::kChat)); });
  seat_->Close();
  EXPECT_EQ(Ask("/v1/chat/completions", kChat)->status, 410);
  mount_ = Mount();
}

TEST_F(Relay, RefusesWebSocketsSoThatClientsFallBack) {
  Open([](const testing::SeenRequest&) { return Events(""); });
  const auto answer = Ask("/v1/responses", "", {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 426);
  EXPECT_THAT(answer->body, HasSubstr("WebSocket"));
  EXPECT_THAT(seen_, IsEmpty());
}

}  // namespace
}  // namespace xsweep
