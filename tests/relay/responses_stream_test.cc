// Streams of Responses that end without what they held, and calls that no reply held.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/responses_stream.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "net/io_loop.h"
#include "relay/mediator.h"
#include "relay/wires/denied_calls.h"
#include "relay/wires/read_reply.h"

namespace xsweep {
namespace {

constexpr std::string_view kCreated =
    "event: response.created\ndata: "
    "{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"status\":\"in_progress\",\"output\":[]}}\n\n";
constexpr std::string_view kAdded =
    "data: "
    "{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"f\","
    "\"call_id\":\"call_1\",\"name\":\"pay\",\"arguments\":\"\"}}\n\n"
    "data: "
    "{\"type\":\"response.function_call_arguments.delta\",\"output_index\":0,\"item_id\":\"f\",\"delta\":\"{\\\"to\\\":"
    "\"}\n\n"
    "data: "
    "{\"type\":\"response.function_call_arguments.delta\",\"output_index\":0,\"item_id\":\"g\",\"delta\":\"\\\"eve\\\"}"
    "\"}\n\n";
constexpr std::string_view kDone =
    "data: "
    "{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"h\","
    "\"call_id\":\"call_1\",\"name\":\"pay\",\"arguments\":\"{\\\"to\\\":\\\"eve\\\"}\"}}\n\n";
constexpr std::string_view kWords =
    "data: {\"type\":\"response.output_text.delta\",\"delta\":\"I have \"}\n\n"
    "data: {\"type\":\"response.output_text.delta\",\"delta\":\"read it.\"}\n\n";

std::string Ended(std::string_view members) {
  return "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\"" +
         std::string(members) + "}}\n\n";
}

Expected<ModelReply> Read(const std::string& stream) { return ReadWireReply(Wire::kResponses, stream); }

TEST(ResponsesStream, HoldsTheCallsThatWereStreamedWhateverItsLastEventHolds) {
  const std::string created(kCreated), added(kAdded), done(kDone);
  for (
      const std::string& stream :
      {created + added + done + Ended(R"(,"output":[])"), created + done + Ended(""),
       created + added + Ended(R"(,"output":null)"),
       created + added + done + Ended(R"(,"output":[{"type":"reasoning","id":"x","summary":[]}])"),
       created + added + done +
           Ended(
               R"(,"output":[{"type":"function_call","call_id":"call_1","name":"pay","arguments":"{\"to\":\"eve\"}"}])")}) {
    const auto reply = Read(stream);
    ASSERT_TRUE(reply) << stream;
    ASSERT_EQ(reply->calls.size(), 1U) << stream;
    EXPECT_EQ(reply->calls[0].id, "call_1");
    EXPECT_EQ(reply->calls[0].name, "pay");
    EXPECT_EQ(reply->calls[0].arguments.Dump(), R"({"to":"eve"})");
    EXPECT_EQ(reply->no_answer, NoAnswer::kNone) << stream;
    EXPECT_TRUE(CallsOf(Wire::kResponses, stream, {"call_1"})) << "a call that is denied must be found: " << stream;
  }
}

TEST(ResponsesStream, HoldsTheWordsThatWereStreamed) {
  const auto reply = Read(std::string(kCreated) + std::string(kWords) + Ended(R"(,"output":[])"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text, "I have read it.");
  EXPECT_EQ(reply->no_answer, NoAnswer::kNone);
}

TEST(ResponsesStream, OfNothingIsNoAnswer) {
  const auto reply = Read(std::string(kCreated) + Ended(R"(,"output":[])"));
  ASSERT_TRUE(reply);
  EXPECT_NE(reply->no_answer, NoAnswer::kNone);
  EXPECT_FALSE(Read(std::string(kCreated) + std::string(kAdded) + std::string(kDone))) << "it has no last event";
}

TEST(Responses, TellThoughtApartFromWhatWasSaid) {
  const auto read = [](std::string_view output) {
    return ReadWireReply(Wire::kResponses, R"({"status":"completed","output":[)" + std::string(output) + "]}");
  };
  const auto message = [](std::string_view text) {
    return R"({"type":"message","content":[{"type":"output_text","text":")" + std::string(text) + R"("}]})";
  };
  const auto both = read(message("<think>I should refuse.</think>No."));
  ASSERT_TRUE(both);
  EXPECT_EQ(both->text, "No.");
  EXPECT_EQ(both->reasoning, "I should refuse.");
  for (const std::string& thought :
       {message("<think>I should refuse.</think>"),
        std::string(R"({"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"No."}]})")}) {
    EXPECT_EQ(read(thought)->no_answer, NoAnswer::kOnlyThought) << thought;
  }
}

TEST(Responses, ThatFailedSayWhyAndWhatTheyTook) {
  const std::string failed =
      R"("status":"failed","output":[],"error":{"code":"server_error","message":"gone"},"usage":{"input_tokens":9,"output_tokens":4})";
  for (const std::string& body :
       {"{" + failed + "}", R"(data: {"type":"response.failed","response":{)" + failed + "}}\n\n"}) {
    const auto reply = ReadWireReply(Wire::kResponses, body);
    ASSERT_TRUE(reply) << body;
    EXPECT_EQ(reply->no_answer, NoAnswer::kFailed);
    EXPECT_EQ(reply->refusal, "gone");
    EXPECT_EQ(reply->text, "");
    EXPECT_EQ(reply->usage.prompt_tokens, 9);
  }
}

TEST(Mediator, FailsOnACallThatNoReplyHeld) {
  SystemClock clock;
  auto loop = IoLoop::Create(clock).value();
  const auto mediator = std::make_shared<Mediator>(*loop, HandCall());
  const auto ours = [](std::string_view name) { return name == "pay"; };
  const auto history = [](const std::string& id, const std::string& name, bool answered) {
    Message made;
    made.speaker = Speaker::kAgent;
    made.calls = {{id, name, Json::MakeObject()}};
    Message result;
    result.speaker = Speaker::kTool;
    result.call_id = id;
    ModelAsk ask;
    ask.messages.push_back(std::move(made));
    if (answered) ask.messages.push_back(std::move(result));
    return ask;
  };
  EXPECT_TRUE(mediator->CheckHistory(history("example", "pay", true), ours)) << "the first request brings examples";
  EXPECT_TRUE(mediator->CheckHistory(history("example", "pay", true), ours));
  EXPECT_TRUE(mediator->CheckHistory(history("call_1", "look", true), ours)) << "a tool of the agent's own";
  EXPECT_TRUE(mediator->CheckHistory(history("call_2", "pay", false), ours)) << "nobody answered it";
  const Status unseen = mediator->CheckHistory(history("call_2", "pay", true), ours);
  ASSERT_FALSE(unseen);
  EXPECT_EQ(unseen.error().kind, ErrorKind::kEpisode);
  EXPECT_NE(unseen.error().message.find("pay"), std::string::npos);
}

}  // namespace
}  // namespace xsweep
