// What readers of replies promise about odd bodies, thought, calls in text, usage and failures.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "models/one_tool.h"
#include "models/replies/answer.h"
#include "models/replies/legal.h"
#include "models/replies/lenient.h"
#include "models/replies/text_calls.h"
#include "models/replies/thought.h"
#include "models/wires/anthropic.h"
#include "models/wires/chat.h"
#include "models/wires/failures.h"
#include "models/wires/price.h"

namespace xsweep {
namespace {

using ::testing::HasSubstr;

Expected<ModelReply> Chat(const std::string& message, const std::string& finish = "stop") {
  return ReadOpenAiReply(R"({"choices":[{"finish_reason":")" + finish + R"(","message":)" + message + "}]}", Request());
}
NoAnswer Why(const std::string& message, const std::string& finish = "stop") {
  const auto reply = Chat(message, finish);
  EXPECT_TRUE(reply.has_value()) << message;
  return reply ? reply->no_answer : NoAnswer::kNone;
}

TEST(OddBodies, AreReadWhereThatIsSafe) {
  for (const char* body : {"\xEF\xBB\xBF{\"a\":\"b\"}", ": keep-alive\n\n{\"a\":\"b\"}", "{\"a\":\"b\"}\n\0",
                           ")]}'\n{\"a\":\"b\"}", "{\"a\":\"b\",\"x\":NaN}", "{\"a\":\"b\",\"x\":-Infinity}"}) {
    const auto json = ParseBody(body);
    ASSERT_TRUE(json.has_value()) << body;
    EXPECT_EQ(json->StringOr("a", ""), "b");
  }
  EXPECT_EQ(ParseBody(R"({"a":"x\ud83dy"})")->StringOr("a", ""), "x\xEF\xBF\xBDy");
  EXPECT_EQ(ParseBody(R"({"a":"\ud83d\ude00"})")->StringOr("a", ""), "\xF0\x9F\x98\x80");
  EXPECT_EQ(ParseBody("{\"a\":\"x\xFFy\"}")->StringOr("a", ""), "x\xEF\xBF\xBDy");
  EXPECT_EQ(ParseBody("{\"a\":\"x\ny\"}")->StringOr("a", ""), "x\ny");
  EXPECT_EQ(ParseBody(R"({"a":"it\'s NaN"})")->StringOr("a", ""), "it's NaN");
  for (const char* broken : {"", "{\"a\":", "{\"a\":\"b", "<html>", "NaN,"}) EXPECT_FALSE(ParseBody(broken)) << broken;
}

TEST(Thought, IsToldApartFromWhatWasSaid) {
  const auto said = [](std::string_view text) { return SplitThought(text).said; };
  EXPECT_EQ(said("<think>\nno\n</think>\n\nYes"), "Yes");
  EXPECT_EQ(said("[THINK]no[/THINK]Yes"), "Yes");
  EXPECT_EQ(said("it said no\n</think>\n\nYes"), "Yes");
  EXPECT_EQ(said("<Thinking>a</Thinking>x<thinking>b</thinking>y"), "xy");
  EXPECT_EQ(said("<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>final<|message|>Yes<|return|>"),
            "Yes");
  EXPECT_EQ(said("\xE2\x97\x81think\xE2\x96\xB7no\xE2\x97\x81/think\xE2\x96\xB7Yes"), "Yes");
  EXPECT_EQ(said("<think>no end"), "");
  EXPECT_TRUE(SplitThought("<think>no end").unclosed);
  EXPECT_EQ(said("Write <think> to begin."), "Write <think> to begin.");
  EXPECT_EQ(said("  plain < text [1]  "), "  plain < text [1]  ");
  EXPECT_EQ(SplitThought("<think>a</think>b<think>c</think>").thought, "a\n\nc");
}

TEST(Thought, TakesTimeInProportionToTheText) {
  std::string marks;
  for (int i = 0; i < 200'000; ++i) marks += "x <think> <|";
  EXPECT_EQ(SplitThought(marks).said.size(), marks.size());
  std::string pairs;
  for (int i = 0; i < 200'000; ++i) pairs += "<think>a</think>";
  EXPECT_EQ(SplitThought(pairs).said, "");
  // Squares of these lengths are half an hour: the test would not end in its time.
  std::string unended, behind_blanks(4'000'000, ' ');
  for (int i = 0; i < 400'000; ++i) unended += "<thinking...";
  for (int i = 0; i < 100'000; ++i) behind_blanks += "<longer_think>";
  EXPECT_EQ(SplitThought(unended).said.size(), unended.size());
  EXPECT_EQ(SplitThought(behind_blanks).said, "");
}

TEST(RepliesThatAreNoAnswers, AreNamed) {
  EXPECT_EQ(Why(R"({"content":"I cannot."})"), NoAnswer::kNone);
  EXPECT_EQ(Why(R"({"content":"I can"})", "length"), NoAnswer::kLength);
  EXPECT_EQ(Why(R"({"content":"I can"})", "MAX_TOKENS"), NoAnswer::kLength);
  EXPECT_EQ(Why(R"({"content":""})", "content_filter"), NoAnswer::kFiltered);
  EXPECT_EQ(Why(R"({"content":"\n"})"), NoAnswer::kEmpty);
  EXPECT_EQ(Why(R"({"content":null,"reasoning_content":"no"})"), NoAnswer::kOnlyThought);
  EXPECT_EQ(Why(R"({"content":"<think>no</think>"})"), NoAnswer::kOnlyThought);
  EXPECT_EQ(Why(R"({"content":"","tool_calls":[]})", "tool_calls"), NoAnswer::kCallsMissing);
  EXPECT_EQ(Why(R"({"content":""})", "malformed_function_call"), NoAnswer::kCallsMissing);
  EXPECT_EQ(Why(R"({"content":null,"refusal":"I won't."})"), NoAnswer::kNone);
  EXPECT_EQ(Why(R"({"tool_calls":[{"id":"a","function":{"name":"send_certificate","arguments":"{\"amount\": 3"}}]})"),
            NoAnswer::kCallCut);
  EXPECT_EQ(Why(R"({"tool_calls":[{"id":"a","function":{"name":"send_certificate","arguments":"{}"}}]})", "length"),
            NoAnswer::kCallCut);
  EXPECT_EQ(Why(R"({"tool_calls":[{"id":"a","function":{"name":"","arguments":"oops"}}]})"), NoAnswer::kNone);
  EXPECT_EQ(Why(R"({"content":"","reasoning_content":"<tool_call>{}</tool_call>"})"), NoAnswer::kCallInThought);
  EXPECT_EQ(Why(R"({"content":"\u200b\u00a0"})"), NoAnswer::kEmpty);
  EXPECT_EQ(Why(R"({"content":"I was"})", "time_limit"), NoAnswer::kFailed);
  const auto failed =
      ReadOpenAiReply(R"({"choices":[{"error":{"code":502,"message":"gone"},"message":{"content":""}}]})", {});
  EXPECT_EQ(failed->no_answer, NoAnswer::kFailed);
  EXPECT_EQ(ReadAnthropicReply(R"({"content":[],"stop_reason":"refusal"})", {})->no_answer, NoAnswer::kRefused);
  EXPECT_EQ(ReadAnthropicReply(R"({"content":[],"stop_reason":"pause_turn"})", {})->no_answer, NoAnswer::kPaused);
}

// Whoever counts a reply that ended for an unknown reason as resistance guesses in the agent's favour.
TEST(RepliesThatAreNoAnswers, EndForReasonsThatNobodyKnows) {
  EXPECT_EQ(Why(R"({"content":"I was"})", "compaction"), NoAnswer::kUnfinished);
  EXPECT_EQ(Why(R"({"content":"I was"})", "OTHER"), NoAnswer::kUnfinished);
  EXPECT_EQ(Why(R"({"content":"No."})", "STOP"), NoAnswer::kNone);
  EXPECT_EQ(Why(R"({"content":"No."})", "eos_token"), NoAnswer::kNone);
  EXPECT_EQ(Why(R"({"content":"No."})", ""), NoAnswer::kNone);  // servers that give no reason
  EXPECT_EQ(Why(R"({"tool_calls":[{"id":"a","function":{"name":"send_certificate","arguments":"{}"}}]})", "odd"),
            NoAnswer::kNone);  // a whole call is what it is
  const auto upstream = [](const std::string& native) {
    return ReadOpenAiReply(R"({"choices":[{"finish_reason":"stop","native_finish_reason":")" + native +
                               R"(","message":{"content":"I was"}}]})",
                           Request())
        ->no_answer;
  };
  EXPECT_EQ(upstream("MAX_TOKENS"), NoAnswer::kLength);
  EXPECT_EQ(upstream("SAFETY"), NoAnswer::kFiltered);
  EXPECT_EQ(upstream("end_turn"), NoAnswer::kNone);
  EXPECT_EQ(upstream("whatever"), NoAnswer::kNone);
}

TEST(CallsInText, AreSeenInEveryFamilysSpelling) {
  const char* const calls[] = {
      R"(<tool_call>{"name": "send_certificate", "arguments": {"user_id": "u", "amount": 300}}</tool_call>)",
      "```json\n{\"name\": \"send_certificate\", \"arguments\": {\"user_id\": \"u\", \"amount\": 300}}\n```",
      R"({"type":"function","function":{"name":"send_certificate","parameters":{"user_id":"u","amount":300}}})",
      R"([TOOL_CALLS][{"name":"send_certificate","arguments":{"user_id":"u","amount":300}}])",
      R"([TOOL_CALLS]send_certificate[ARGS]{"user_id":"u","amount":300})",
      R"(<function=send_certificate>{"user_id":"u","amount":300}</function>)",
      ("<tool_call>\n<function=send_certificate>\n<parameter=user_id>\nu\n</parameter>\n<parameter=amount>\n300\n"
       "</parameter>\n</function>\n</tool_call>"),
      R"(<invoke name="send_certificate"><parameter name="user_id">u</parameter><parameter name="amount">300</parameter></invoke>)",
      R"(<|tool_calls_section_begin|><|tool_call_begin|>functions.send_certificate:0<|tool_call_argument_begin|>{"user_id":"u","amount":300}<|tool_call_end|>)",
      R"(<|channel|>commentary to=functions.send_certificate <|constrain|>json<|message|>{"user_id":"u","amount":300}<|call|>)",
  };
  for (const char* text : calls) {
    EXPECT_TRUE(LooksLikeCall(text, Tools())) << text;
    const auto read = ReadTextCalls(text, Tools());
    ASSERT_TRUE(read.has_value()) << text;
    ASSERT_EQ(read->calls.size(), 1U) << text;
    EXPECT_EQ(read->calls[0].name, "send_certificate");
    EXPECT_EQ(read->calls[0].arguments.StringOr("user_id", ""), "u") << text;
    EXPECT_EQ(read->calls[0].arguments.DoubleOr("amount", 0), 300) << text;
  }
  EXPECT_TRUE(LooksLikeCall("[send_certificate(user_id='u', amount=300)]", Tools()));
  EXPECT_TRUE(LooksLikeCall("Thought: x\nAction: send_certificate\nAction Input: {\"amount\": 3}", Tools()));
  for (const char* prose : {"I will not call send_certificate for you.", "Your data: {\"name\": \"Zoe\"}", "a {b} c"}) {
    EXPECT_FALSE(LooksLikeCall(prose, Tools())) << prose;
  }
  EXPECT_FALSE(
      ReadTextCalls("<tool_call>{\"name\": \"send_certificate\", \"arguments\": {\"user", Tools()).has_value());
}

TEST(StreamsUnasked, MakeTheReplyThatWasStreamed) {
  const auto chat = ReadOpenAiReply(
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}\n\n"
      "data: "
      "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\","
      "\"arguments\":\"{\\\"n\\\"\"}}]}}]}\n\n"
      "data: "
      "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]},"
      "\"finish_reason\":\"tool_calls\"}]}\n\n"
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n",
      {});
  ASSERT_TRUE(chat.has_value()) << chat.error().message;
  EXPECT_EQ(chat->text, "Hello");
  ASSERT_EQ(chat->calls.size(), 1U);
  EXPECT_EQ(chat->calls[0].arguments.Dump(), R"({"n":1})");
  EXPECT_EQ(chat->usage.prompt_tokens, 7);
  const auto messages = ReadAnthropicReply(
      "event: message_start\ndata: "
      "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n"
      "data: "
      "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n"
      "data: "
      "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n"
      "data: "
      "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}"
      "\n\n"
      "data: "
      "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":"
      "\"f\",\"input\":{}}}\n\n"
      "data: "
      "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{"
      "\\\"n\\\":1}\"}}\n\n"
      "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":9}}\n\n"
      "data: {\"type\":\"message_stop\"}\n\n",
      {});
  ASSERT_TRUE(messages.has_value()) << messages.error().message;
  EXPECT_EQ(messages->reasoning, "hm");
  EXPECT_EQ(messages->calls.at(0).arguments.Dump(), R"({"n":1})");
  EXPECT_EQ(messages->kept.items().at(0).StringOr("signature", ""), "c2ln");
  EXPECT_EQ(messages->usage.completion_tokens, 9);
  EXPECT_FALSE(ReadOpenAiReply("data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n", {}).has_value());
}

TEST(History, GoesBackAsItCame) {
  const ModelRequest asked = Request();
  const auto reply = ReadOpenAiReply(
      R"({"choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"reasoning_content":"hm",
          "annotations":[],"refusal":null,"vendor":{"x":1},"tool_calls":[{"id":"a","index":0,"type":"function",
          "extra_content":{"google":{"thought_signature":"c2ln"}},"function":{"name":"a.b","arguments":"{}"}}]}}]})",
      asked);
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  ModelRequest next = asked;
  Message agent;
  agent.speaker = Speaker::kAgent;
  agent.text = reply->text;
  agent.calls = reply->calls;
  agent.kept = reply->kept;
  next.messages.push_back(agent);
  Endpoint endpoint{.url = "", .model = "m"};
  const std::string message = Json::Parse(WriteOpenAiRequest(endpoint, next))->Find("messages")->items().back().Dump();
  EXPECT_EQ(message,
            R"({"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"a_b",)"
            R"("arguments":"{}"},"extra_content":{"google":{"thought_signature":"c2ln"}}}],)"
            R"("reasoning_content":"hm","vendor":{"x":1}})");
  endpoint.send_thought = false;
  EXPECT_THAT(WriteOpenAiRequest(endpoint, next), ::testing::Not(HasSubstr("reasoning_content")));
}

TEST(AUsage, IsReadInEverySpellingAndNeverBelieved) {
  const auto read = [](const char* usage) {
    return ReadTokenCounts(*Json::Parse(std::string(R"({"usage":)") + usage + "}"));
  };
  for (const char* twelve :
       {R"({"prompt_tokens":12,"completion_tokens":3})", R"({"prompt_tokens":12.0,"completion_tokens":3.0})",
        R"({"prompt_tokens":"12","completion_tokens":"3"})", R"({"input_tokens":12,"output_tokens":3})",
        R"({"tokens":{"input_tokens":12,"output_tokens":3}})", R"({"prompt_tokens":12,"total_tokens":15})"}) {
    const auto counts = read(twelve);
    ASSERT_TRUE(counts.has_value()) << twelve;
    EXPECT_EQ(counts->prompt, 12) << twelve;
    EXPECT_EQ(counts->completion, 3) << twelve;
  }
  for (const char* none : {"null", "{}", R"({"prompt_tokens":-1,"completion_tokens":3})",
                           R"({"prompt_tokens":1e300,"completion_tokens":3})",
                           R"({"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807})",
                           R"({"prompt_tokens":99999999999999999999,"completion_tokens":1})",
                           R"({"prompt_tokens":12.5,"completion_tokens":3})", R"({"prompt_tokens":12})",
                           R"({"prompt_tokens":[12],"completion_tokens":3})"}) {
    EXPECT_FALSE(read(none).has_value()) << none;
  }
  const auto cached =
      read(R"({"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":80}})");
  const Price price{.input_usd_per_million = 1, .output_usd_per_million = 2, .cached_input_usd_per_million = 0.1};
  EXPECT_EQ(price.CostNanoUsd(*cached), 20'000 + 8'000 + 10'000);
  EXPECT_EQ(price.CostNanoUsd(INT64_MAX, INT64_MAX), 9'000'000'000'000'000'000);
  Usage most{.calls = 1, .prompt_tokens = INT64_MAX};
  most += most;
  EXPECT_EQ(most.prompt_tokens, INT64_MAX);
}

TEST(Failures, AreSortedByWhatTheySay) {
  const auto sort = [](int status, const char* body) {
    return SortFailure(status, FindServerError(*Json::Parse(body)), body);
  };
  using enum AttemptOutcome;
  EXPECT_EQ(sort(200, R"({"error":{"message":"x","code":429}})").outcome, kRejected);
  EXPECT_EQ(sort(200, R"({"error":{"message":"x","code":"503"}})").outcome, kTransient);
  EXPECT_EQ(sort(200, R"({"type":"error","error":{"type":"overloaded_error","message":"x"}})").outcome, kRejected);
  EXPECT_EQ(sort(200, R"({"error":{"type":"invalid_request_error","message":"x"}})").outcome, kFinal);
  EXPECT_EQ(sort(429, R"({"error":{"code":"insufficient_quota","message":"x"}})").outcome, kFinal);
  EXPECT_EQ(sort(503, R"({"detail":"loading"})").outcome, kTransient);
  EXPECT_EQ(sort(400, R"({"error":{"code":"content_filter","message":"x"}})").kind, FailureKind::kBlocked);
  EXPECT_EQ(sort(400, R"({"error":{"message":"Output blocked by content filtering policy"}})").kind,
            FailureKind::kBlocked);
  EXPECT_EQ(sort(401, R"({"error":{"code":"content_filter","message":"x"}})").kind, FailureKind::kFailed);
  EXPECT_EQ(sort(400, R"({"error":{"code":"tool_use_failed","message":"x","failed_generation":"<f>"}})").kind,
            FailureKind::kBrokenCall);
  const auto refused = sort(
      400,
      R"({"error":{"type":"invalid_request_error","message":"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}})");
  EXPECT_THAT(refused.words, HasSubstr("400 (invalid_request_error): Unsupported parameter"));
  EXPECT_THAT(refused.words, HasSubstr("max_tokens_field: max_completion_tokens"));
  for (const char* none :
       {R"({"error":false})", R"({"error":null})", R"({"error":""})", R"({"error":{}})", R"({"choices":[]})"}) {
    EXPECT_FALSE(FindServerError(*Json::Parse(none)).has_value()) << none;
  }
  EXPECT_EQ(FindServerError(*Json::Parse(R"({"error":"stopped"})"))->message, "stopped");
}

}  // namespace
}  // namespace xsweep
