// What readers of replies promise about servers that hold on to no form: each reply here is one that somebody's server
// has sent.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/one_tool.h"
#include "models/replies/text_calls.h"
#include "models/replies/thought.h"
#include "models/replies/usage.h"
#include "models/wires/anthropic.h"
#include "models/wires/chat.h"
#include "models/wires/failures.h"
#include "models/wires/price.h"

namespace xsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Expected<ModelReply> ReadChoice(const std::string& choice) {
  return ReadOpenAiReply(R"({"choices":[)" + choice + "]}", Request());
}
Expected<ModelReply> ReadMessage(const std::string& message, const std::string& finish = "stop") {
  return ReadChoice(R"({"finish_reason":")" + finish + R"(","message":)" + message + "}");
}
NoAnswer WhyNone(const std::string& choice) {
  const auto reply = ReadChoice(choice);
  EXPECT_TRUE(reply) << choice;
  return reply ? reply->no_answer : NoAnswer::kNone;
}
std::string Said(std::string_view text) {
  return R"({"finish_reason":"stop","message":)" + Json::MakeObject({{"content", text}}).Dump() + "}";
}

TEST(AGateway, IsNotBelievedWhereItsUpstreamSaysThatTheReplyWasCut) {
  const std::string native = R"("native_finish_reason":"MAX_TOKENS","message":)";
  EXPECT_EQ(WhyNone(R"({"finish_reason":null,)" + native + R"({"content":"I am"}})"), NoAnswer::kLength);
  EXPECT_EQ(WhyNone(R"({"finish_reason":"tool_calls",)" + native +
                    R"({"tool_calls":[{"id":"a","function":{"name":"send_certificate","arguments":"{}"}}]}})"),
            NoAnswer::kCallCut);
  const auto litellm = [](const std::string& word) {
    return WhyNone(R"({"finish_reason":"stop","provider_specific_fields":{"native_finish_reason":")" + word +
                   R"("},"message":{"content":"I will now"}})");
  };
  EXPECT_EQ(litellm("UNEXPECTED_TOOL_CALL"), NoAnswer::kCallsMissing);
  EXPECT_EQ(litellm("MISSING_THOUGHT_SIGNATURE"), NoAnswer::kFailed);
  EXPECT_EQ(litellm("STOP"), NoAnswer::kNone);
}

TEST(AChoiceWithoutAMessage, IsNamedWhereItSaysWhy) {
  EXPECT_EQ(WhyNone(R"({"finish_reason":"content_filter","message":null})"), NoAnswer::kFiltered);
  EXPECT_EQ(WhyNone(R"({"finish_reason":"length"})"), NoAnswer::kLength);
  EXPECT_FALSE(ReadChoice(R"({"finish_reason":"stop","message":null})"));
  const auto piece = ReadChoice(R"({"finish_reason":"stop","delta":{"content":"No."}})");
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->text, "No.");
}

TEST(AReplyOfSignsAlone, IsEmpty) {
  for (const char* text : {"!!!!!!!!!!!!", "...", "```\n```",
                           "<\xEF\xBD\x9C"
                           "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
                           "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|im_start|>assistant\n",
                           "<start_of_turn>model\n", "[e~[\n", "]~b]ai\n", "[/INST]", "<|eot|><|eot|>"}) {
    EXPECT_EQ(WhyNone(Said(text)), NoAnswer::kEmpty) << text;
  }
  for (const char* text : {"7", "No!", "\xE5\x90\xA6", "\xF0\x9F\x91\x8D", "assistant", "<|im_start|>assistant\nNo."}) {
    EXPECT_EQ(WhyNone(Said(text)), NoAnswer::kNone) << text;
  }
}

TEST(ACall, IsReadInEveryFormThatSaysWhatItIs) {
  for (
      const char* message :
      {R"({"tool_calls":[{"id":"a","name":"send_certificate","arguments":{"amount":300}}]})",
       R"({"tool_calls":[{"id":"a","type":"function","function":"send_certificate","arguments":"{\"amount\":300}"}]})",
       R"({"tool_calls":{"id":"a","function":{"name":"send_certificate","arguments":"{\"amount\":300}"}}})",
       R"({"tool_calls":[null,{"id":"a","function":{"name":"send_certificate","arguments":"{\"amount\":300}"}}]})",
       R"({"content":[{"type":"text","text":"Ok."},{"type":"tool_use","id":"a","name":"send_certificate","input":{"amount":300}}]})",
       R"({"content":[{"text":"Ok."},{"functionCall":{"name":"send_certificate","args":{"amount":300}}}]})"}) {
    const auto reply = ReadMessage(message);
    ASSERT_TRUE(reply) << message;
    ASSERT_EQ(reply->calls.size(), 1U) << message;
    EXPECT_EQ(reply->calls[0].name, "send_certificate");
    EXPECT_EQ(reply->calls[0].arguments.IntOr("amount", 0), 300) << message;
    EXPECT_EQ(reply->no_answer, NoAnswer::kNone);
    EXPECT_THAT(reply->kept.Dump(), Not(HasSubstr("send_certificate"))) << "it goes back as the call that it is";
  }
  const auto none = ReadMessage(R"({"content":"No.","tool_calls":"","function_call":{"name":"","arguments":""}})");
  EXPECT_TRUE(none->calls.empty());
  EXPECT_EQ(none->text, "No.");
  EXPECT_FALSE(ReadMessage(R"({"tool_calls":[{"id":"a","type":"function"}]})"));
}

TEST(Content, IsReadAsOnePartAndWithTextInsideOfText) {
  EXPECT_EQ(ReadMessage(R"({"content":{"type":"text","text":"No."}})")->text, "No.");
  EXPECT_EQ(ReadMessage(R"({"content":[{"type":"text","text":{"value":"No.","annotations":[]}}]})")->text, "No.");
  EXPECT_EQ(ReadMessage(R"({"content":"","thinking":"hm"})")->no_answer, NoAnswer::kOnlyThought);
  EXPECT_EQ(ReadMessage(R"({"content":"","reasoning_content":"","reasoning":"hm"})")->no_answer,
            NoAnswer::kOnlyThought);
}

TEST(History, HasNothingBlankBesideACall) {
  for (const char* content : {R"("\n\n")", "[]", R"([{"type":"text","text":""}])", R"("<think>\n</think>\n")"}) {
    const auto reply =
        ReadMessage(R"({"content":)" + std::string(content) +
                        R"(,"tool_calls":[{"id":"a","function":{"name":"send_certificate","arguments":"{}"}}]})",
                    "tool_calls");
    ASSERT_TRUE(reply) << content;
    ModelRequest next = Request();
    Message& agent = next.messages.emplace_back();
    agent.speaker = Speaker::kAgent;
    agent.text = reply->text;
    agent.calls = reply->calls;
    agent.kept = reply->kept;
    const Json sent = *Json::Parse(WriteOpenAiRequest({.url = "", .model = "m"}, next));
    const Json& back = *sent.Find("messages")->items().back().Find("content");
    EXPECT_TRUE(back.is_null() || (back.is_string() && back.AsString().find("think") != std::string::npos))
        << content << " goes back as " << back.Dump();
  }
}

TEST(History, HasNoResultWithoutAWord) {
  ModelRequest request = Request();
  Message& agent = request.messages.emplace_back();
  agent.speaker = Speaker::kAgent;
  agent.calls = {{"a", "send_certificate", Json::MakeObject()}};
  Message& result = request.messages.emplace_back();
  result.speaker = Speaker::kTool;
  result.call_id = "a";
  result.text = " \n";
  const Endpoint endpoint{.url = "", .model = "m"};
  for (const std::string& sent : {WriteOpenAiRequest(endpoint, request), WriteAnthropicRequest(endpoint, request)}) {
    EXPECT_THAT(sent, HasSubstr("(nothing)"));
  }
}

}  // namespace
}  // namespace xsweep
