// Denied calls on three wires: cut out of replies, put back into histories, and every other byte where it was.
// SPDX-License-Identifier: Apache-2.0
#include "relay/wires/denied_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "relay/wires/read_reply.h"
#include "relay/wires/write_reply.h"

namespace xsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Wire kWires[] = {Wire::kChat, Wire::kResponses, Wire::kMessages};

Json Parsed(std::string_view text) { return Json::Parse(text).value(); }

ModelReply Reply() {
  ModelReply reply;
  reply.text = "Two things, one after the other.";
  reply.calls = {{"call_1", "pay", Parsed(R"({"to":"mallory","amount":100})")},
                 {"call_2", "look", Parsed(R"({"n":25.0})")},
                 {"call_3", "pay", Parsed(R"({"to":"eve"})")}};
  reply.usage.prompt_tokens = 10;
  reply.usage.completion_tokens = 5;
  return reply;
}

std::string Written(Wire wire, bool stream, const ModelReply& reply) {
  const std::vector<OfferedTool> tools;
  const ReplyFrame frame{.seed = "s", .model = "m", .tools = &tools, .usage_chunk = true};
  if (!stream) return WriteReply(wire, reply, frame);
  std::string out;
  for (const std::string& event : WriteReplyStream(wire, reply, frame)) out += event;
  return out;
}

std::vector<std::string> Ids(const std::vector<ToolCall>& calls) {
  std::vector<std::string> ids;
  for (const ToolCall& call : calls) ids.push_back(call.id);
  return ids;
}

TEST(CutCalls, LeavesTheOthersOnEveryWireWholeAndStreamed) {
  const std::map<std::set<std::string>, std::vector<std::string>> cases = {
      {{"call_1"}, {"call_2", "call_3"}}, {{"call_2"}, {"call_1", "call_3"}}, {{"call_3"}, {"call_1", "call_2"}},
      {{"call_1", "call_2"}, {"call_3"}}, {{"call_1", "call_3"}, {"call_2"}}, {{"call_2", "call_3"}, {"call_1"}}};
  for (const Wire wire : kWires) {
    for (const bool stream : {false, true}) {
      for (const auto& [denied, left] : cases) {
        const std::string body = Written(wire, stream, Reply());
        const auto cut = CutCalls(wire, body, denied);
        ASSERT_TRUE(cut) << cut.error().Text();
        const auto read = ReadWireReply(wire, *cut);
        ASSERT_TRUE(read) << *cut;
        EXPECT_EQ(Ids(read->calls), left) << *cut;
        EXPECT_EQ(read->text, Reply().text);
        EXPECT_EQ(read->usage.prompt_tokens, 10);
        for (const std::string& id : denied) EXPECT_THAT(*cut, Not(HasSubstr(id)));
      }
      EXPECT_FALSE(CutCalls(wire, Written(wire, stream, Reply()), {"call_9"})) << "what is not there was cut";
    }
  }
}

// A reply without the call at its end is what the same model writes when it does not make that call.
TEST(CutCalls, OfTheLastCallIsTheReplyWithoutIt) {
  ModelReply shorter = Reply();
  shorter.calls.pop_back();
  for (const Wire wire : {Wire::kChat, Wire::kMessages}) {
    for (const bool stream : {false, true})
      EXPECT_EQ(CutCalls(wire, Written(wire, stream, Reply()), {"call_3"}).value(), Written(wire, stream, shorter));
  }
  EXPECT_EQ(CutCalls(Wire::kResponses, Written(Wire::kResponses, false, Reply()), {"call_3"}).value(),
            Written(Wire::kResponses, false, shorter));
}

constexpr std::string_view kThinking =
    R"({"id":"m1","type":"message","role":"assistant","content":[{"type":"thinking","thinking":"h\u006d","signature":"c2ln"}, {"type":"redacted_thinking","data":"eA=="}, {"type":"text","text":"I pay.", "citations":null},{"type":"tool_use","id":"t1","name":"pay","input":{"n":1.50}} , {"type":"tool_use","id":"t2","name":"look","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}})";

TEST(CutCalls, KeepsThoughtAndItsSignatureByteByByte) {
  EXPECT_EQ(
      CutCalls(Wire::kMessages, kThinking, {"t1"}).value(),
      R"({"id":"m1","type":"message","role":"assistant","content":[{"type":"thinking","thinking":"h\u006d","signature":"c2ln"}, {"type":"redacted_thinking","data":"eA=="}, {"type":"text","text":"I pay.", "citations":null} , {"type":"tool_use","id":"t2","name":"look","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}})");
  const std::string stream =
      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0, "
      "\"content_block\":{\"type\":\"thinking\"}}\n\n"
      "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
      "\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}\r\n\r\n"
      ": a comment\n\n";
  const std::string call =
      "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\"}}\n\n"
      "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n";
  const std::string other =
      "data: "
      "{\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t2\"}}\n\n";
  EXPECT_EQ(CutCalls(Wire::kMessages, "event: ping\n\n" + stream + call + other, {"t1"}).value(),
            "event: ping\n\n" + stream +
                "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":"
                "\"t2\"}}\n\n");
}

// As servers write it that send a whole call in one chunk, with the end beside it and perhaps without places.
TEST(CutCalls, KnowsChunksThatHoldMoreThanOneThing) {
  const std::string stream =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"function\":{"
      "\"name\":\"pay\",\"arguments\":\"{}\"}}]},\"finish_reason\":null}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"id\":\"b\",\"function\":{\"name\":\"look\","
      "\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
  const std::string first = CutCalls(Wire::kChat, stream, {"a"}).value();
  EXPECT_THAT(first, HasSubstr(R"("role":"assistant")"));
  EXPECT_EQ(Ids(ReadWireReply(Wire::kChat, first)->calls), std::vector<std::string>{"b"});
  const std::string second = CutCalls(Wire::kChat, stream, {"b"}).value();
  EXPECT_THAT(second, HasSubstr(R"("finish_reason":"tool_calls")"));
  EXPECT_EQ(Ids(ReadWireReply(Wire::kChat, second)->calls), std::vector<std::string>{"a"});
}

TEST(CutCalls, ReadsDataOnSeveralLines) {
  const std::string stream =
      "data: {\"type\":\"content_block_start\",\ndata: "
      "\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\"}}\n\n"
      "data: {\"type\":\"message_stop\"}\n\n";
  EXPECT_EQ(CutCalls(Wire::kMessages, stream, {"t1"}).value(), "data: {\"type\":\"message_stop\"}\n\n");
}

// ---- the model's history

const std::map<Wire, std::string> kAgents = {
    {Wire::kChat,
     R"({"n":1.50,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[ {"id":"call_2","type":"function","function":{"name":"look","arguments":"{}"}} ]}, {"role":"tool","tool_call_id":"call_2","content":"seen"}]})"},
    {Wire::kResponses,
     R"({"n":1.50,"input":[{"role":"user","content":"a"}, {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"},{"type":"function_call","call_id":"call_2","name":"look","arguments":"{}"}, {"type":"function_call_output","call_id":"call_2","output":"seen"}]})"},
    {Wire::kMessages,
     R"({"n":1.50,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"h\u006d","signature":"c2ln"}, {"type":"tool_use","id":"call_2","name":"look","input":{}}]},{"role":"user","content":[ {"type":"tool_result","tool_use_id":"call_2","content":"seen"}]}]})"}};

std::vector<DecidedCall> Turn(Wire wire, bool stream, const std::set<std::string>& denied) {
  auto turn = CallsOf(wire, Written(wire, stream, Reply()), denied).value();
  for (DecidedCall& call : turn) call.notice = "not allowed";
  return turn;
}

TEST(RestoreCalls, ShowsTheModelItsWholeTurnAndWhyCallsWereDenied) {
  for (const Wire wire : kWires) {
    for (const bool stream : {false, true}) {
      const std::string& body = kAgents.at(wire);
      const std::string whole = RestoreCalls(wire, body, Turn(wire, stream, {"call_1", "call_3"}));
      const auto ask = ReadAsk(wire, Parsed(whole));
      ASSERT_TRUE(ask) << whole;
      ASSERT_EQ(ask->messages.size(), 5U) << whole;
      EXPECT_EQ(Ids(ask->messages[1].calls), (std::vector<std::string>{"call_1", "call_2", "call_3"})) << whole;
      EXPECT_EQ(ask->messages[1].calls[0].arguments, Reply().calls[0].arguments);
      EXPECT_EQ(ask->messages[2].call_id, "call_1");
      EXPECT_EQ(ask->messages[2].text, "not allowed");
      EXPECT_EQ(ask->messages[4].text, "seen");
      // What the agent said is all still there, in its bytes.
      EXPECT_THAT(whole, HasSubstr("\"n\":1.50,"));
      if (wire == Wire::kMessages) {
        EXPECT_THAT(whole, HasSubstr(R"({"type":"thinking","thinking":"h\u006d","signature":"c2ln"})"));
      }
    }
  }
}

TEST(RestoreCalls, LeavesAHistoryAloneThatDoesNotShowTheTurn) {
  for (const Wire wire : kWires) {
    const std::string body = kAgents.at(wire);
    EXPECT_EQ(RestoreCalls(wire, body, Turn(wire, false, {"call_1", "call_2"})), body);
  }
}

TEST(InsertTurns, PutsATurnThatNobodySawWhereItWasTaken) {
  for (const auto& [wire, body] :
       {std::pair<Wire, std::string>{
            Wire::kChat, R"({"x":1.50,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})"},
        {Wire::kResponses, R"({"x":1.50,"input":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})"},
        {Wire::kMessages,
         R"({"x":1.50,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})"}}) {
    for (const bool stream : {false, true}) {
      const auto turn = Turn(wire, stream, {"call_1", "call_2", "call_3"});
      const std::vector<HiddenTurn> hidden = {{1, HiddenEntries(wire, Written(wire, stream, Reply()), turn).value()}};
      const std::string whole = InsertTurns(wire, body, hidden).value();
      EXPECT_THAT(whole, HasSubstr("\"x\":1.50,"));
      const ModelAsk ask = ReadAsk(wire, Parsed(whole)).value();
      ASSERT_EQ(ask.messages.size(), 6U);
      EXPECT_EQ(Ids(ask.messages[1].calls), (std::vector<std::string>{"call_1", "call_2", "call_3"}));
      EXPECT_EQ(ask.messages[2].call_id, "call_1");
      EXPECT_EQ(ask.messages[3].text, "not allowed");
      EXPECT_EQ(ask.messages[5].text, "b");
    }
  }
  const auto turn = Turn(Wire::kResponses, false, {"call_1", "call_2", "call_3"});
  const std::vector<HiddenTurn> hidden = {
      {1, HiddenEntries(Wire::kResponses, Written(Wire::kResponses, false, Reply()), turn).value()}};
  const ModelAsk ask =
      ReadAsk(Wire::kResponses, Parsed(InsertTurns(Wire::kResponses, R"({"input":"hello"})", hidden).value())).value();
  EXPECT_EQ(ask.messages[0].text, "hello");
  EXPECT_EQ(ask.messages.size(), 5U);
}

// What a provider takes in a history is not all that it says in replies.
TEST(HiddenEntries, HoldWhatARequestMayHold) {
  const std::vector<DecidedCall> turn = {{"a", Json(), true, "no"}};
  const Json chat = HiddenEntries(Wire::kChat,
                                  R"({"choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant",
      "content":null,"refusal":null,"annotations":[],"audio":null,"reasoning_content":"hm","tool_calls":[
      {"id":"a","type":"function","function":{"name":"pay","arguments":"{}"}}]}}]})",
                                  turn)
                        .value();
  EXPECT_EQ(
      chat.items()[0].Dump(),
      R"({"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[{"id":"a","type":"function","function":{"name":"pay","arguments":"{}"}}]})");
  const Json items = HiddenEntries(Wire::kResponses, R"({"output":[{"type":"reasoning","id":"rs_1","summary":[]},
      {"type":"function_call","id":"fc_1","call_id":"a","name":"pay","arguments":"{}"}]})",
                                   turn)
                         .value();
  EXPECT_EQ(items.Dump(), R"([{"type":"function_call","call_id":"a","name":"pay","arguments":"{}"},)"
                          R"({"type":"function_call_output","call_id":"a","output":"no"}])");
}

}  // namespace
}  // namespace xsweep
