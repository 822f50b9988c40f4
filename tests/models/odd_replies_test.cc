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

std::string Piece(std::string_view text, std::string_view finish) {
  return R"(data: {"choices":[{"index":0,"delta":{"content":")" + std::string(text) + R"("},"finish_reason":)" +
         std::string(finish) + "}]}\n\n";
}
constexpr std::string_view kEnd = "data: [DONE]\n\n";

TEST(AStreamWhoseFinishIsEmptyUntilItsEnd, IsBrokenOffWithoutOne) {
  EXPECT_FALSE(ReadOpenAiReply(Piece("I am", R"("")") + Piece(" sorry", R"("")"), Request()));
  const auto cut = ReadOpenAiReply(
      Piece("I am", R"("")") + Piece("", R"("length")") + Piece("", R"("")") + std::string(kEnd), Request());
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->no_answer, NoAnswer::kLength);
}

TEST(AStreamThatFailsOnItsWay, IsNoAnswerWhateverWasSaidBefore) {
  const std::string begun = Piece("I am sorry, I", "null");
  const std::string end(kEnd);
  for (const std::string& failure :
       {std::string(R"(data: {"object":"error","message":"EngineCore died","type":"InternalServerError","code":500})"),
        std::string("event: error\ndata: {\"code\":500,\"message\":\"EngineCore died\"}"),
        std::string("event: error\ndata: EngineCore died")}) {
    const auto reply = ReadOpenAiReply(begun + failure + "\n\n" + end, Request());
    ASSERT_FALSE(reply) << failure;
    EXPECT_THAT(reply.error().message, HasSubstr("EngineCore died"));
  }
  EXPECT_FALSE(ReadOpenAiReply(begun + "data: Internal Server Error\n\n" + end, Request()));
  EXPECT_TRUE(ReadOpenAiReply(begun + "data: ping\n\n" + Piece(" can't.", R"("stop")") + end, Request()));
  EXPECT_TRUE(ReadOpenAiReply(begun + ": ping\n\nevent: message\n" + Piece(" can't.", "null") + end, Request()));
  const auto torn = ReadOpenAiReply(
      begun + "data: {\"choices\":[{\"delta\":{\"content\":\" se\n\n" + Piece(" it.", R"("stop")") + end, Request());
  ASSERT_FALSE(torn);
  EXPECT_THAT(torn.error().message, HasSubstr("a piece of its stream cannot be read"));
}

TEST(AStreamedUsage, NeverShrinks) {
  const auto used = [](std::string_view first, std::string_view last) {
    return ReadAnthropicReply(
               R"(data: {"type":"message_start","message":{"usage":)" + std::string(first) +
                   "}}\n\ndata: "
                   "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":"
                   "\"No.\"}}\n\ndata: "
                   "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":" +
                   std::string(last) + "}\n\n",
               Request())
        ->usage;
  };
  for (const auto& [first, last] :
       {std::pair{R"({"input_tokens":50,"output_tokens":1})", R"({"input_tokens":0,"output_tokens":9})"},
        {R"({"input_tokens":0,"output_tokens":0})", R"({"input_tokens":50,"output_tokens":9})"}}) {
    EXPECT_EQ(used(first, last).prompt_tokens, 50);
    EXPECT_EQ(used(first, last).completion_tokens, 9);
  }
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

TEST(AReasonToEnd, MayComeAsTheNameOfAnEnum) {
  const auto why = [](const char* word) { return ReadMessage(R"({"content":"No."})", word)->no_answer; };
  EXPECT_EQ(why("FinishReason.STOP"), NoAnswer::kNone);
  EXPECT_EQ(why("FinishReason.MAX_TOKENS"), NoAnswer::kLength);
  EXPECT_EQ(why("FINISH_REASON_SAFETY"), NoAnswer::kFiltered);
  EXPECT_EQ(why("FINISH_REASON_UNSPECIFIED"), NoAnswer::kUnfinished);
}

TEST(AReplyThatDoesNotSayWhyItEnded, IsCutWhereAnotherPlaceSaysSo) {
  for (const char* choice : {R"({"finish_details":{"type":"max_tokens"},"message":{"content":"I am"}})",
                             R"({"finish_reason":null,"stop_reason":"length","message":{"content":"I am"}})",
                             R"({"message":{"content":"I am","finish_reason":"length"}})"}) {
    EXPECT_EQ(WhyNone(choice), NoAnswer::kLength) << choice;
  }
  EXPECT_EQ(WhyNone(R"({"stop_reason":128009,"message":{"content":"No."}})"), NoAnswer::kNone);
  const auto beside = [](const std::string& members) {
    return ReadOpenAiReply(R"({"choices":[{"message":{"content":"I am"}}],)" + members + "}", Request())->no_answer;
  };
  EXPECT_EQ(beside(R"("done_reason":"length")"), NoAnswer::kLength);
  EXPECT_EQ(beside(R"("status":"incomplete")"), NoAnswer::kLength);
  EXPECT_EQ(beside(R"("status":"ok","done_reason":"stop")"), NoAnswer::kNone);
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
  EXPECT_EQ(ReadMessage(R"({"content":[{"type":"text","content":"No."}]})")->text, "No.");
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

TEST(ACallInText, IsSeenInSpellingsThatAreNoTemplates) {
  for (const char* text :
       {"Sure.\n```python\nresult = send_certificate(\"u\", 300)\n```", "print(send_certificate(\"u\", 300))",
        "send_certificate\n```python\ntool_call(user_id='u', amount=300)\n```", "Action: send_certificate[u, 300]",
        R"({"name": "send\_certificate", "arguments": {"user\_id": "u"}})",
        "{\xE2\x80\x9Cname\xE2\x80\x9D: \xE2\x80\x9Csend_certificate\xE2\x80\x9D, \xE2\x80\x9C"
        "arguments\xE2\x80\x9D: {}}",
        "Action: send_certificate(\"u\", 300)", "Tool call: send_certificate\nuser_id: u\namount: 300",
        R"({"command": "send_certificate", "args": ["u", 300]})",
        R"({"tool_calls": [{"function": {"name": "issue_certificate", "arguments": "{}"}}]})",
        R"({"name": "issue_certificate", "input": {"customer": "u"}})", "[issue_certificate(customer=\"u\", usd=3)]",
        R"({"name": "issue_certificate", "arguments": {"customer": "u"}})",
        "```json\n[{\"tool\": \"issue_certificate\", \"parameters\": {\"customer\": \"u\"}}]\n```"}) {
    EXPECT_TRUE(LooksLikeCall(text, Tools())) << text;
  }
  for (const char* prose :
       {R"({"name": "Zoe", "certificates": []})", R"({"action": "Final Answer", "action_input": "No."})",
        "My answer: send_certificate (the tool) is not for that.", "Action: none (see above)", "f(x) = 3",
        R"({"tool_calls": []})", "Action: send_certificate is not allowed [policy 3]"}) {
    EXPECT_FALSE(LooksLikeCall(prose, Tools())) << prose;
  }
}

TEST(ACallInText, IsNotMadeOfOneThatIsSpokenOf) {
  const std::string call = R"({"name": "send_certificate", "arguments": {"amount": 300}})";
  EXPECT_FALSE(ReadTextCalls("You asked me to run " + call + ", but I will not.", Tools()));
  EXPECT_TRUE(ReadTextCalls("I run it:\n" + call + "\nPlease wait.", Tools()));
  EXPECT_TRUE(ReadTextCalls("I run " + call + ".", Tools()));
  EXPECT_TRUE(ReadTextCalls("Ok <tool_call>" + call + "</tool_call> and then we wait.", Tools()));
}

TEST(Thought, IsToldApartUnderNamesThatTemplatesHaveMadeLonger) {
  for (const char* text : {"<M2_7think>no</M2_7think>Yes", "<deepseek_thought>no</deepseek_thought>\nYes",
                           "<REASONING_SCRATCHPAD>no</REASONING_SCRATCHPAD>Yes", "Ye<think duration=\"3s\">no</think>s",
                           "no</qwen-thinking>Yes", "<|START_THINKING|>no<|END_THINKING|><|START_TEXT|>Yes<|END_TEXT|>",
                           "<think>no</think><|begin_of_box|>Yes<|end_of_box|>"}) {
    const SplitText split = SplitThought(text);
    EXPECT_EQ(split.said, "Yes") << text;
    EXPECT_EQ(split.thought, "no") << text;
  }
  for (const char* text :
       {"<|channel|>analysis<|message|>no<|channel|>final<|message|>Yes", "<think/>Yes", "<think />\nYes",
        "Thinking...\nno\n...done thinking.\n\nYes", "[REASONING]no[/REASONING]Yes"}) {
    EXPECT_EQ(SplitThought(text).said, "Yes") << text;
  }
  const std::string called = R"(assistantcommentary to=functions.send_certificate json{"amount":300})";
  EXPECT_THAT(SplitThought("analysisno" + called + "assistantfinalDone.").said, HasSubstr(called));
  EXPECT_TRUE(SplitThought("<kimi_thinking>no end").unclosed);
  EXPECT_EQ(SplitThought("Y<think>a<reasoning>b</reasoning>c</think>es").said, "Yes");
  for (const char* said : {"Put it into <rethink>.", "a <thing> b </thing> c", "1 <think 2", "</think 3"}) {
    EXPECT_EQ(SplitThought(said).said, said);
  }
}

TEST(AnErrorOfNothing, IsNone) {
  for (const char* error : {R"({"message":null,"type":null,"code":null})", R"({"code":0,"message":"success"})",
                            R"({"message":"","code":""})", R"("null")"}) {
    const auto reply = ReadOpenAiReply(R"({"choices":[{"finish_reason":"stop","message":{"content":"No."}}],"error":)" +
                                           std::string(error) + R"(,"base_resp":{"status_code":0,"status_msg":""}})",
                                       Request());
    ASSERT_TRUE(reply) << error;
    EXPECT_EQ(reply->text, "No.");
  }
}

TEST(Failures, AreSortedByMiniMaxsOwnStatus) {
  const auto sort = [](const char* status) {
    const std::string body = R"({"choices":null,"base_resp":)" + std::string(status) + "}";
    return SortFailure(200, FindServerError(*Json::Parse(body)), body);
  };
  EXPECT_EQ(sort(R"({"status_code":1026,"status_msg":"input new_sensitive"})").kind, FailureKind::kBlocked);
  EXPECT_EQ(sort(R"({"status_code":1002,"status_msg":"rate limit"})").outcome, AttemptOutcome::kTransient);
  const Failure broke = sort(R"({"status_code":1008,"status_msg":"insufficient balance"})");
  EXPECT_EQ(broke.outcome, AttemptOutcome::kFinal);
  EXPECT_THAT(broke.words, HasSubstr("insufficient balance"));
}

TEST(Failures, AreAboutThePromptOnlyWhereTheyAreNotAboutWhoAsks) {
  const auto sort = [](int status, const char* body) {
    return SortFailure(status, FindServerError(*Json::Parse(body)), body);
  };
  EXPECT_EQ(sort(403, R"({"message":"Request blocked by content safety: Violence"})").kind, FailureKind::kBlocked);
  for (const char* shut_out :
       {R"({"error":{"message":"Your account has been suspended for violations of our usage policies."}})",
        R"({"error":{"message":"This organization has been blocked because of acceptable use violations."}})"}) {
    EXPECT_EQ(sort(403, shut_out).kind, FailureKind::kFailed) << shut_out;
  }
}

TEST(Failures, OfAQuotaThatComesBackAreAskedAgain) {
  const std::string words =
      R"([{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current )"
      R"(quota, please check your plan and billing details.)";
  const auto outcome = [](const std::string& body) {
    return SortFailure(429, FindServerError(*Json::Parse(body)), body).outcome;
  };
  EXPECT_EQ(outcome(words + R"(
Please retry in 23.5s."}}])"),
            AttemptOutcome::kRejected);
  EXPECT_EQ(outcome(words + R"(","details":[{"retryDelay":"23s"}]}}])"), AttemptOutcome::kRejected);
  EXPECT_EQ(outcome(words + R"("}}])"), AttemptOutcome::kFinal);
}

TEST(Waits, AreReadFromHeadersWithOneMoreHyphen) {
  HttpResponse response;
  response.headers = {{"x-rate-limit-reset", "4"}};
  EXPECT_EQ(ReadWait(response), std::chrono::milliseconds(4000));
}

TEST(AUsage, CountsWhatACacheHeldAndWhatWasThoughtOnce) {
  const auto read = [](const char* usage) {
    return *ReadTokenCounts(*Json::Parse(std::string(R"({"usage":)") + usage + "}"));
  };
  const Price price{.input_usd_per_million = 1, .output_usd_per_million = 2, .cached_input_usd_per_million = 0.1};
  for (const char* litellm :
       {R"({"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1010,"cache_read_input_tokens":900})",
        R"({"prompt_tokens":1000,"completion_tokens":10,"cache_read_input_tokens":900})"}) {
    EXPECT_EQ(read(litellm).prompt, 1000) << litellm;
    EXPECT_EQ(price.CostNanoUsd(read(litellm)), 100'000 + 90'000 + 20'000) << litellm;
  }
  for (const char* beside :
       {R"({"prompt_tokens":100,"completion_tokens":10,"total_tokens":1010,"cache_read_input_tokens":900})",
        R"({"prompt_tokens":100,"completion_tokens":10,"cache_read_input_tokens":900})",
        R"({"input_tokens":100,"output_tokens":10,"cache_read_input_tokens":900})"}) {
    EXPECT_EQ(read(beside).prompt, 1000) << beside;
  }
  EXPECT_EQ(read(R"({"prompt_tokens":9,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":70}})")
                .completion,
            75);
  EXPECT_EQ(read(R"({"prompt_tokens":9,"completion_tokens":80,"completion_tokens_details":{"reasoning_tokens":70}})")
                .completion,
            80);
}

}  // namespace
}  // namespace xsweep
