// What the providers promise about requests and replies: what is sent, what is kept, and that nonsense is an error.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "models/replies/legal.h"
#include "models/wires/anthropic.h"
#include "models/wires/chat.h"
#include "models/wires/failures.h"
#include "support/model_server.h"

namespace xsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Message Say(Speaker speaker, std::string text) {
  Message message;
  message.speaker = speaker;
  message.text = std::move(text);
  return message;
}

/// user, agent with two calls (one of them with broken arguments), both results, the last one an error.
ModelRequest Dialogue() {
  ModelRequest request;
  request.system = "Be kind.";
  request.tools = std::vector<ToolSchema>{{"look", "Looks.", Json::MakeObject({{"type", "object"}})}};
  request.messages.push_back(Say(Speaker::kUser, "hello"));
  Message agent = Say(Speaker::kAgent, "");
  agent.reasoning = "private thoughts";
  agent.calls = {{"c1", "look", Json::MakeObject({{"at", 1}})}, {"c2", "look", Json("{broken")}};
  request.messages.push_back(agent);
  for (const char* id : {"c1", "c2"}) {
    Message result = Say(Speaker::kTool, std::string("result of ") + id);
    result.call_id = id;
    result.error = std::string_view(id) == "c2";
    request.messages.push_back(result);
  }
  return request;
}

TEST(OpenAiRequest, HasTheSystemPromptToolsCallsAndResultsButNoReasoning) {
  Endpoint endpoint{.url = "", .model = "m", .settings = Json::MakeObject({{"temperature", 0.5}})};
  const std::string body = WriteOpenAiRequest(endpoint, Dialogue());
  const Json json = *Json::Parse(body);
  EXPECT_EQ(json.StringOr("model", ""), "m");
  EXPECT_EQ(json.DoubleOr("temperature", 0), 0.5);
  EXPECT_EQ(json.Find("messages")->items()[0].Dump(), R"({"role":"system","content":"Be kind."})");
  EXPECT_EQ(
      json.Find("messages")->items()[2].Dump(),
      R"({"role":"assistant","content":null,"tool_calls":[)"
      R"({"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}},)"
      R"({"id":"c2","type":"function","function":{"name":"look","arguments":"{\"invalid_json\":\"{broken\"}"}}]})");
  EXPECT_EQ(json.Find("messages")->items()[3].Dump(),
            R"({"role":"tool","tool_call_id":"c1","content":"result of c1"})");
  EXPECT_THAT(body, Not(HasSubstr("private thoughts")));
}

TEST(OpenAiRequest, CarriesASeedThatDependsOnTheTrialAndNotOnTheCell) {
  const Endpoint endpoint{.url = "", .model = "m", .send_seed = true};
  const auto seed = [&](const char* cell, std::uint32_t trial) {
    ModelRequest request;
    request.identity.cell = cell;
    request.identity.trial = trial;
    return Json::Parse(WriteOpenAiRequest(endpoint, request))->IntOr("seed", -1);
  };
  EXPECT_GE(seed("a", 0), 0);
  EXPECT_EQ(seed("a", 0), seed("b", 0));
  EXPECT_NE(seed("a", 0), seed("a", 1));
}

TEST(AnthropicRequest, AlternatesSidesAndPutsResultsOnTheUsersSide) {
  const Json json = *Json::Parse(WriteAnthropicRequest({.url = "", .model = "c", .prompt_cache = false}, Dialogue()));
  const auto& turns = json.Find("messages")->items();
  ASSERT_EQ(turns.size(), 3U);
  EXPECT_EQ(turns[1].StringOr("role", ""), "assistant");
  EXPECT_EQ(turns[2].Dump(),
            R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"result of c1"},)"
            R"({"type":"tool_result","tool_use_id":"c2","content":"result of c2","is_error":true}]})");
  EXPECT_EQ(json.Find("tools")->items()[0].Dump(),
            R"({"name":"look","description":"Looks.","input_schema":{"type":"object"}})");
  EXPECT_EQ(json.StringOr("system", ""), "Be kind.");
}

TEST(AnthropicRequest, BeginsWithTheUserAndHasNoEmptyText) {
  ModelRequest request;
  request.messages = {Say(Speaker::kAgent, "Hi! How can I help?"), Say(Speaker::kUser, "")};
  const Json json = *Json::Parse(WriteAnthropicRequest({.url = "", .model = "c"}, request));
  const auto& turns = json.Find("messages")->items();
  ASSERT_EQ(turns.size(), 3U);
  EXPECT_EQ(turns[0].StringOr("role", ""), "user");
  EXPECT_EQ(turns[2].Find("content")->items()[0].StringOr("text", ""), "(nothing)");
}

TEST(OpenAiReply, GivesTextReasoningCallsAndUsage) {
  const auto reply = ReadOpenAiReply(
      R"({"choices":[{"finish_reason":"tool_calls","message":{"content":"a","reasoning_content":"b","tool_calls":[
          {"id":"x","function":{"name":"f","arguments":"{\"n\":1}"}},
          {"id":"x","function":{"name":"g","arguments":"{oops"}},
          {"function":{"name":"h","arguments":""}},
          {"id":"y","function":{"name":"i","arguments":{"direct":true}}}]}}],
         "usage":{"prompt_tokens":7,"completion_tokens":3}})",
      {});
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  EXPECT_EQ(reply->text, "a");
  EXPECT_EQ(reply->reasoning, "b");
  EXPECT_EQ(reply->finish_reason, "tool_calls");
  ASSERT_EQ(reply->calls.size(), 4U);
  EXPECT_EQ(reply->calls[0].arguments.Dump(), R"({"n":1})");
  EXPECT_EQ(reply->calls[1].arguments, Json("{oops"));
  EXPECT_EQ(reply->calls[2].arguments, Json::MakeObject());
  EXPECT_EQ(reply->calls[3].arguments.Dump(), R"({"direct":true})");
  EXPECT_NE(reply->calls[0].id, reply->calls[1].id);
  EXPECT_EQ(reply->usage, (Usage{1, 7, 3, 0, true}));
}

TEST(OpenAiReply, CountsMissingUsageAsUnknownCost) {
  EXPECT_FALSE(ReadOpenAiReply(R"({"choices":[{"message":{"content":"a"}}]})", {})->usage.cost_known);
}

TEST(AnthropicReply, GivesTextThinkingCallsAndUsage) {
  const auto reply = ReadAnthropicReply(
      R"({"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"a"},
          {"type":"tool_use","id":"t","name":"f","input":{"n":1}}],"stop_reason":"tool_use",
         "usage":{"input_tokens":5,"cache_read_input_tokens":2,"output_tokens":3}})",
      {});
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  EXPECT_EQ(reply->text + "/" + reply->reasoning + "/" + reply->finish_reason, "a/hm/tool_use");
  ASSERT_EQ(reply->calls.size(), 1U);
  EXPECT_EQ(reply->calls[0].arguments.Dump(), R"({"n":1})");
  Usage used{1, 7, 3, 0, true};
  used.cached_tokens = 2;
  EXPECT_EQ(reply->usage, used);
}

TEST(MalformedReplies, AreErrorsOfTheEpisodeInPlainWords) {
  for (const char* body :
       {"", "<html>502</html>", "null", "[]", "{", "{}", R"({"choices":null})", R"({"choices":[]})",
        R"({"choices":[null]})", R"({"choices":[{"message":3}]})", R"({"choices":[{"message":{"content":{}}}]})",
        R"({"choices":[{"message":{"tool_calls":{}}}]})", R"({"choices":[{"message":{"tool_calls":[1]}}]})",
        R"({"error":{"message":"no"}})", R"({"content":"text"})", R"({"content":[{}]})"}) {
    for (const auto& reply : {ReadOpenAiReply(body, {}), ReadAnthropicReply(body, {})}) {
      ASSERT_FALSE(reply.has_value()) << body;
      EXPECT_EQ(reply.error().kind, ErrorKind::kEpisode);
      EXPECT_THAT(reply.error().message, HasSubstr("the reply of the model server cannot be used: "));
    }
  }
}

TEST(CallIds, StayUniqueOverAConversationWhateverAServerSends) {
  ModelRequest request = Dialogue();
  request.identity.turn = 4;
  std::vector<ToolCall> calls = {{"c1", "f", {}}, {"c1", "f", {}}, {"", "f", {}}, {"new", "f", {}}};
  MakeIdsUnique(request, calls);
  EXPECT_EQ(calls[3].id, "new");
  std::set<std::string> ids = {"c1", "c2", "new"};
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(ids.insert(calls[i].id).second);
    EXPECT_THAT(calls[i].id, ::testing::MatchesRegex("[0-9A-Za-z]+"));
    EXPECT_EQ(calls[i].id.size(), 9U);
  }
}

TEST(RetryAfter, IsReadAsSecondsOrMilliseconds) {
  const auto read = [](std::string name, std::string value) {
    HttpResponse response;
    response.headers.push_back({std::move(name), std::move(value)});
    return ReadRetryAfter(response);
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(read("retry-after", "2"), milliseconds(2000));
  EXPECT_EQ(read("retry-after", "0.5"), milliseconds(500));
  EXPECT_EQ(read("retry-after-ms", "20"), milliseconds(20));
  for (const char* bad : {"", "-1", "soon", "nan", "inf", "1e99"}) {
    EXPECT_EQ(read("retry-after", bad), std::nullopt) << bad;
  }
}

TEST(Waits, AreReadInEveryFormAgainstTheServersClock) {
  using std::chrono::milliseconds;
  HttpResponse dated;
  dated.headers = {{"date", "Wed, 21 Oct 2026 07:27:30 GMT"}, {"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"}};
  EXPECT_EQ(ReadWait(dated), milliseconds(30'000));
  const auto of = [](std::vector<HttpHeader> headers, std::string body = {}) {
    HttpResponse response;
    response.headers = std::move(headers);
    response.body = std::move(body);
    return ReadWait(response);
  };
  EXPECT_EQ(of({{"x-ratelimit-reset-requests", "1m30s"}}), milliseconds(90'000));
  EXPECT_EQ(of({{"x-ratelimit-reset-tokens", "20ms"}}), milliseconds(20));
  EXPECT_EQ(of({{"x-ratelimit-reset-requests", "4s"},
                {"x-ratelimit-remaining-requests", "0"},
                {"x-ratelimit-reset-tokens", "9s"},
                {"x-ratelimit-remaining-tokens", "500"}}),
            milliseconds(4000));
  EXPECT_EQ(of({{"date", "Wed, 21 Oct 2026 07:27:30 GMT"},
                {"anthropic-ratelimit-requests-reset", "2026-10-21T07:27:45Z"},
                {"anthropic-ratelimit-requests-remaining", "0"}}),
            milliseconds(15'000));
  EXPECT_EQ(of({}, R"({"error":{"details":[{"retryDelay": "7s"}]}})"), milliseconds(7000));
  EXPECT_EQ(of({}, "Please try again in 7.66s."), milliseconds(7660));
  EXPECT_EQ(of({}, "no word of it"), std::nullopt);
}

}  // namespace
}  // namespace xsweep
