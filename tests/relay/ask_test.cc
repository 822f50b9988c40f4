// What the relay reads in requests, and what it writes in replies.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/ask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/event_stream.h"
#include "relay/endpoint.h"
#include "relay/seated_model.h"
#include "relay/wires/read_reply.h"
#include "relay/wires/rewrite.h"
#include "relay/wires/write_reply.h"

namespace xsweep {
namespace {

using ::testing::ElementsAre;

ModelAsk Read(Wire wire, std::string_view body) {
  auto ask = ReadAsk(wire, Json::Parse(body).value());
  EXPECT_TRUE(ask) << (ask ? "" : ask.error().Text());
  return ask ? std::move(*ask) : ModelAsk();
}

TEST(Ask, ReadsToolResultsOfChatInEveryShape) {
  const ModelAsk ask =
      Read(Wire::kChat, R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[
    {"role":"developer","content":"rules"},{"role":"user","content":[{"type":"text","text":"hello"},{"type":"image_url","image_url":{}}]},
    {"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"look","arguments":"{\"n\":1}"}}]},
    {"role":"tool","tool_call_id":"a","content":"plain"},
    {"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"Error: parts"}]}],
    "tools":[{"type":"function","function":{"name":"look","description":"d","parameters":{"type":"object"}}}]})");
  EXPECT_TRUE(ask.stream && ask.usage_chunk && !ask.aside());
  EXPECT_EQ(ask.system, "rules");
  ASSERT_EQ(ask.messages.size(), 4U);
  EXPECT_EQ(ask.messages[0].text, "hello\n[image_url]");
  EXPECT_EQ(ask.messages[1].calls.at(0).arguments, Json::Parse(R"({"n":1})").value());
  EXPECT_EQ(ask.messages[2].text, "plain");
  EXPECT_FALSE(ask.messages[2].error);
  EXPECT_EQ(ask.messages[3].call_id, "b");
  EXPECT_TRUE(ask.messages[3].error);
}

TEST(Ask, ReadsItemsOfResponsesAsTurns) {
  const ModelAsk ask = Read(Wire::kResponses, R"({"model":"m","instructions":"rules","input":[
    {"role":"user","content":[{"type":"input_text","text":"hello"}]},{"type":"reasoning","id":"r","summary":[]},
    {"type":"message","role":"assistant","content":[{"type":"output_text","text":"one moment"}]},
    {"type":"function_call","call_id":"a","name":"look","arguments":"{}"},{"type":"function_call","call_id":"b","name":"look","arguments":"{}"},
    {"type":"function_call_output","call_id":"a","output":"plain"},
    {"type":"function_call_output","call_id":"b","output":[{"type":"input_text","text":"Wall time: 0.1 seconds\nOutput:"},{"type":"input_text","text":"Error: parts"}]},
    {"type":"item_reference","id":"msg_1"}],
    "tools":[{"type":"namespace","name":"mcp__desk__","tools":[{"type":"function","name":"look","parameters":{}}]},{"type":"web_search"}]})");
  ASSERT_EQ(ask.messages.size(), 5U);
  EXPECT_EQ(ask.messages[1].text, "one moment");
  EXPECT_EQ(ask.messages[1].calls.size(), 2U);
  EXPECT_FALSE(ask.messages[2].error);
  EXPECT_TRUE(ask.messages[3].error);
  EXPECT_EQ(ask.messages[4].speaker, Speaker::kAgent);
  ASSERT_EQ(ask.tools.size(), 1U);
  EXPECT_EQ(ask.tools[0].space, "mcp__desk__");
  EXPECT_TRUE(ask.offers_any);
  EXPECT_TRUE(Read(Wire::kResponses, R"({"input":"x","previous_response_id":"resp_1"})").kept_elsewhere);
}

TEST(Ask, ReadsBlocksOfMessagesWithTheirErrors) {
  const ModelAsk ask = Read(Wire::kMessages, R"({"model":"m","system":[{"type":"text","text":"rules"}],"messages":[
    {"role":"user","content":"hello"},{"role":"system","content":"more rules"},
    {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"yes"},{"type":"tool_use","id":"t","name":"look","input":{"n":1}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":[{"type":"text","text":"no"}]},{"type":"text","text":"go on"}]}],
    "tools":[{"name":"look","input_schema":{"type":"object"}}]})");
  EXPECT_EQ(ask.system, "rules\n\nmore rules");
  ASSERT_EQ(ask.messages.size(), 4U);
  EXPECT_EQ(ask.messages[1].calls.at(0).id, "t");
  EXPECT_TRUE(ask.messages[2].error);
  EXPECT_EQ(ask.messages[2].text, "no");
  EXPECT_EQ(ask.messages[3].text, "go on");
}

TEST(Ask, RefusesWhatNoServerWouldTake) {
  for (const char* body : {"{}", R"({"messages":[]})", R"({"messages":7})", R"({"messages":["x"]})", "[]", "7"}) {
    EXPECT_FALSE(ReadAsk(Wire::kChat, Json::Parse(body).value())) << body;
    EXPECT_FALSE(ReadAsk(Wire::kMessages, Json::Parse(body).value())) << body;
  }
  EXPECT_FALSE(ReadAsk(Wire::kResponses, Json::Parse(R"({"input":{}})").value()));
  EXPECT_TRUE(Read(Wire::kChat, R"({"messages":[{"role":"user","content":"a title, please"}]})").aside());
}

ModelReply SomeReply() {
  ModelReply reply;
  reply.text = "Ein Gruß aus Köln, wo es heute wieder einmal überall regnet.";
  reply.calls = {{"call_1", "look", Json::Parse(R"({"who":"Zoë Lindqvist of the seventh floor","n":25.0})").value()},
                 {"call_2", "look", Json::MakeObject()}};
  reply.usage.prompt_tokens = 12;
  reply.usage.completion_tokens = 7;
  return reply;
}

TEST(Reply, OfAResponseThatNamesAnErrorIsNoneWhateverItsStatusSays) {
  const std::string said = R"("status":"completed","output":[{"type":"message","role":"assistant","content":[
      {"type":"output_text","text":"I"}]}]})";
  EXPECT_TRUE(ReadWireReply(Wire::kResponses, R"({"error":null,)" + said));
  const auto read = ReadWireReply(Wire::kResponses, R"({"error":{"code":"x","message":"ran out of room"},)" + said);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().Text().find("ran out of room"), std::string::npos) << read.error().Text();
}

// The readers were written for providers, before there was anything that writes.
TEST(Reply, IsReadBackTheSameWholeAndStreamed) {
  const ModelReply reply = SomeReply();
  const std::vector<OfferedTool> tools = {{.name = "look"}};
  const ReplyFrame frame{.seed = "s", .model = "m", .tools = &tools, .usage_chunk = true};
  for (const Wire wire : {Wire::kChat, Wire::kResponses, Wire::kMessages}) {
    std::string streamed;
    for (const std::string& event : WriteReplyStream(wire, reply, frame)) streamed += event;
    for (const std::string& body : {WriteReply(wire, reply, frame), streamed}) {
      const auto read = ReadWireReply(wire, body);
      ASSERT_TRUE(read) << read.error().Text() << body;
      EXPECT_EQ(read->text, reply.text);
      ASSERT_EQ(read->calls.size(), 2U);
      EXPECT_EQ(read->calls[0].id, "call_1");
      EXPECT_EQ(read->calls[0].arguments, reply.calls[0].arguments);
      EXPECT_EQ(read->usage.prompt_tokens, 12);
      EXPECT_EQ(read->usage.completion_tokens, 7);
      EXPECT_EQ(read->finish, FinishReason::kToolCalls);
    }
  }
}

TEST(Reply, OfResponsesBeginsAndEndsAsItsClientsWant) {
  const std::vector<OfferedTool> tools = {{.name = "look", .space = "mcp__desk__"}};
  const ReplyFrame frame{.seed = "s", .model = "m", .tools = &tools};
  EventStreamReader reader;
  std::vector<std::string> types;
  Json last;
  std::int64_t number = 0;
  for (const std::string& bytes : WriteReplyStream(Wire::kResponses, SomeReply(), frame)) {
    const auto events = reader.Feed(bytes).value();
    ASSERT_EQ(events.size(), 1U);
    last = Json::Parse(events[0].data).value();
    EXPECT_EQ(last.StringOr("type", ""), events[0].type);
    EXPECT_EQ(last.IntOr("sequence_number", -1), number++);
    types.push_back(events[0].type);
  }
  EXPECT_EQ(types.front(), "response.created");
  EXPECT_EQ(types.back(), "response.completed");
  const Json& output = *last.Find("response")->Find("output");
  ASSERT_EQ(output.size(), 3U);
  EXPECT_EQ(output.items()[1].StringOr("namespace", ""), "mcp__desk__");
  EXPECT_EQ(output.items()[2].StringOr("call_id", ""), "call_2");
}

TEST(Reply, HasIdsOfItsWireThatDependOnNothingButTheSeed) {
  EXPECT_EQ(WireCallId(Wire::kChat, "s", 0), WireCallId(Wire::kChat, "s", 0));
  EXPECT_NE(WireCallId(Wire::kChat, "s", 0), WireCallId(Wire::kChat, "s", 1));
  EXPECT_NE(WireCallId(Wire::kChat, "s", 0), WireCallId(Wire::kChat, "t", 0));
  EXPECT_THAT(WireCallId(Wire::kResponses, "s", 0), ::testing::MatchesRegex("call_[0-9A-Za-z]+"));
  EXPECT_THAT(WireCallId(Wire::kMessages, "s", 0), ::testing::MatchesRegex("toolu_01[0-9A-Za-z]+"));
}

TEST(Rewrite, ChangesTheTextOfAResultAndNoByteAroundIt) {
  const std::string chat =
      R"({"x":[1.50, {"b":2,"a":1}], "messages":[{"role":"user","content":"a"},{"role":"tool", "tool_call_id":"c1","content":"old \u00fc"}],"y":1e3})";
  EXPECT_EQ(
      ReplaceResult(Wire::kChat, chat, "c1", "old \u00fc", "new \"text\"").value(),
      R"({"x":[1.50, {"b":2,"a":1}], "messages":[{"role":"user","content":"a"},{"role":"tool", "tool_call_id":"c1","content":"new \"text\""}],"y":1e3})");
  EXPECT_FALSE(ReplaceResult(Wire::kChat, chat, "c2", "old", "new"));
  const std::string parts =
      R"({"input":[{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"Wall time"},{"type":"input_text","text":"old"}]}]})";
  EXPECT_EQ(
      ReplaceResult(Wire::kResponses, parts, "c1", "Wall time\nold", "Wall time\nold and more").value(),
      R"({"input":[{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"Wall time"},{"type":"input_text","text":"old and more"}]}]})");
  const std::string blocks =
      R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":"old","cache_control":{"type":"ephemeral"}}]}]})";
  EXPECT_EQ(
      ReplaceResult(Wire::kMessages, blocks, "t1", "old", "new").value(),
      R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":"new","cache_control":{"type":"ephemeral"}}]}]})");
}

TEST(Rewrite, LeavesNoEmptyTextWhereAResultHadSeveral) {
  const std::string body =
      R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"a"}, {"type":"image","source":{}}, {"type":"text","text":"b"}]}]}]})";
  EXPECT_EQ(
      ReplaceResult(Wire::kMessages, body, "t", "a\n[image]\nb", "withheld").value(),
      R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"withheld"}, {"type":"image","source":{}}]}]}]})");
}

TEST(Rewrite, ChangesDescriptionsWhereverToolsStand) {
  EXPECT_EQ(ReplaceDescription(Wire::kChat,
                               R"({"tools":[{"type":"function","function":{"name":"f","description":"d"}}]})", "f", "e")
                .value(),
            R"({"tools":[{"type":"function","function":{"name":"f","description":"e"}}]})");
  EXPECT_EQ(ReplaceDescription(Wire::kResponses,
                               R"({"tools":[{"type":"namespace","name":"n","tools":[{"name":"f"}]}]})", "f", "e")
                .value(),
            R"({"tools":[{"type":"namespace","name":"n","tools":[{"description":"e","name":"f"}]}]})");
}

TEST(Offered, IsTheToolThatEndsInTheName) {
  const std::vector<OfferedTool> offered = {{.name = "mcp__desk__get_user"}, {.name = "desk_user"}, {.name = "cancel"}};
  EXPECT_EQ(FindOffered(offered, "get_user")->name, "mcp__desk__get_user");
  EXPECT_EQ(FindOffered(offered, "user")->name, "desk_user");
  EXPECT_EQ(FindOffered(offered, "cancel")->name, "cancel");
  EXPECT_EQ(FindOffered(offered, "ancel"), nullptr);
}

ModelRoute Route(std::string method, std::string path, std::vector<std::pair<std::string, std::string>> headers = {}) {
  WebRequest request;
  request.method = std::move(method);
  request.path = path;
  request.headers = std::move(headers);
  return RouteOf(request, path);
}

TEST(Route, GoesByTheEndOfThePath) {
  for (const char* base : {"", "/v1", "/trial/7/v1"}) {
    const std::string at = base;
    EXPECT_EQ(Route("POST", at + "/chat/completions").wire, Wire::kChat);
    EXPECT_EQ(Route("POST", at + "/responses").wire, Wire::kResponses);
    EXPECT_EQ(Route("POST", at + "/messages").wire, Wire::kMessages);
    EXPECT_EQ(Route("POST", at + "/messages").want, ModelWant::kReply);
    EXPECT_EQ(Route("POST", at + "/messages/count_tokens").want, ModelWant::kCount);
    EXPECT_EQ(Route("GET", at + "/models").want, ModelWant::kModels);
    EXPECT_EQ(Route("GET", at + "/models/m").want, ModelWant::kModels);
    EXPECT_EQ(Route("POST", at + "/embeddings").want, ModelWant::kOther);
    EXPECT_EQ(Route("GET", at + "/responses", {{"upgrade", "WebSocket"}}).want, ModelWant::kWebSocket);
  }
}

}  // namespace
}  // namespace xsweep
