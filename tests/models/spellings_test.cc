// What readers of replies promise about the many spellings in which servers and models say the same thing.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "models/one_tool.h"
#include "models/replies/text_calls.h"
#include "models/replies/thought.h"
#include "models/wires/anthropic.h"
#include "models/wires/chat.h"
#include "models/wires/failures.h"
#include "models/wires/wire.h"

namespace xsweep {
namespace {

using ::testing::HasSubstr;

TEST(ACallInText, IsSeenWhoeversTemplateWroteItAndWhereverItIsCut) {
  const char* const calls[] = {
      R"(send_certificate[ARGS]{"user_id": "u"})",
      R"(send_certificate{"user_id": "u", "amount": 300})",
      R"(functions.send_certificate:0{"user_id": "u"})",
      "function\xEF\xBD\x9Csep>send_certificate\n```json\n{\"user_id\": \"u\"}\n```",
      R"(print(default_api.send_certificate(user_id="u", amount=300)))",
      "**Action:** send_certificate\n**Action Input:** {\"user_id\": \"u\"}",
      "action: send_certificate\naction input: \"u\"",
      "tool: send_certificate\narguments:\n  user_id: u",
      ("<\xEF\xBD\x9C"
       "DSML\xEF\xBD\x9Cinvoke name=\"send_certificate\">"),
      R"(call:send_certificate{user_id:u,amount:300})",
      R"({"name": "send_certificate", "user_id": "u", "amount": 300})",
      R"({"send_certificate": {"user_id": "u"}})",
      R"({'name': 'send_certificate', 'arguments': {'user_id': 'u'}})",
      R"({"name": "send_certificate", "arguments": {"user_id": "u)",
      R"({"tool_calls": [{"function": {"name": "send_certificate", "arguments": "{\"user_)",
      ">>>send_certificate\n{\"user_id\": \"u\"}",
      "&lt;tool&gt;send_certificate&lt;/tool&gt;",
      "<api_request>send_certificate(...)</api_request>",
      R"([Calling tool send_certificate with {"user_id": "u"}])",
  };
  for (const char* text : calls) EXPECT_TRUE(LooksLikeCall(text, Tools())) << text;
  const char* const prose[] = {
      "I cannot use send_certificate for you, since your flight was not cancelled.",
      "Your booking is {\"cabin\": \"economy\"}. A send_certificate request is not possible.",
      "Certificates (issued by send_certificate) need a reason (see policy).",
      "Action: none needed. I can't issue that certificate.",
      "My tools: [{\"name\": \"send_certificate\", \"description\": \"Sends.\"}]",
      "The tool `send_certificate` takes a user_id.",
  };
  for (const char* text : prose) EXPECT_FALSE(LooksLikeCall(text, Tools())) << text;
}

TEST(Arguments, AreReadWhereOneThingOnlyCanBeMeant) {
  const Json meant = *Json::Parse(R"({"user_id":"u","vip":true})");
  for (const char* text :
       {R"({"user_id":"u","vip":true})", R"("{\"user_id\":\"u\",\"vip\":true}")", "{'user_id': 'u', 'vip': True}",
        R"({"user_id":"u","vip":true,})", "```json\n{\"user_id\":\"u\",\"vip\":true}\n```",
        R"({}{"user_id":"u","vip":true})", R"({"user_id":"u","vip":true}{"user_id":"u","vip":true})",
        R"({"user_id":"u","vip":true}</tool_call>)", R"([{"user_id":"u","vip":true}])"}) {
    EXPECT_EQ(ReadArguments(text), meant) << text;
  }
  EXPECT_EQ(ReadArguments("{'say': 'it\\'s \"so\"'}").StringOr("say", ""), "it's \"so\"");
  for (const char* nothing : {"", "null", "None", "{}"}) EXPECT_EQ(ReadArguments(nothing), Json::MakeObject());
  for (const char* unsure :
       {R"({"user_id":"u)", R"({"user_id":"u"}{"user_id":"v"})", "u", "[1, 2]", R"({"a":1}, {"b":2})"}) {
    EXPECT_TRUE(ReadArguments(unsure).is_string()) << unsure;
  }
}

TEST(ToolNames, LoseWhatTemplatesLeaveAroundThem) {
  const auto called = [](const std::string& name) {
    return ReadOpenAiReply(R"({"choices":[{"finish_reason":"tool_calls","message":{"tool_calls":[{"id":"a","function":)"
                           R"({"name":")" +
                               name + R"(","arguments":"{}"}}]}}]})",
                           Request())
        ->calls.at(0)
        .name;
  };
  for (const char* name : {"functions.send_certificate", " send_certificate ", "send_certificate<|channel|>commentary",
                           "functions.send_certificate:0", "send_certificate()"}) {
    EXPECT_EQ(called(name), "send_certificate") << name;
  }
  EXPECT_EQ(called("send_certificates"), "send_certificates");
}

TEST(Thought, IsToldApartInMoreFamiliesSpellings) {
  for (const char* text :
       {"<scratchpad>no</scratchpad>Yes", "<|START_THINKING|>no<|END_THINKING|><|START_RESPONSE|>Yes<|END_RESPONSE|>",
        "<|channel>thought\nno<channel|>Yes", "analysisno rule.assistantfinalYes",
        "Here is my thought process:\nno\n\nHere is my response:\nYes", "&lt;think&gt;no&lt;/think&gt;Yes",
        "no a</think> no b</think>Yes", "<think>a<think>no</think>no</think>Yes",
        "<details type=\"reasoning\" done=\"true\">no</details>\nYes", "[THINKING]no[/THINKING]Yes"}) {
    const SplitText split = SplitThought(text);
    EXPECT_EQ(split.said, "Yes") << text;
    EXPECT_THAT(split.thought, HasSubstr("no")) << text;
  }
  for (const char* said : {"analysis of your booking", "Here is my thought process: none.", "See </details> below."}) {
    EXPECT_EQ(SplitThought(said).said, said);
  }
}

Failure Sorted(int status, const char* body) {
  const auto json = Json::Parse(body);
  return SortFailure(status, json ? FindServerError(*json) : std::nullopt, body);
}

TEST(Failures, AreBlocksWhereAProviderSaysSoInItsOwnWords) {
  const std::pair<int, const char*> blocks[] = {
      {403, R"({"error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"})"},
      {446, R"({"error":{"message":"The guardrail checks defined in the config failed.","type":"hooks_failed"}})"},
      {400, R"({"error":{"message":"Violated guardrail policy","code":"400"}})"},
      {400, R"({"error":{"message":"litellm.ContentPolicyViolationError: x","code":"400"}})"},
      {424, R"({"errors":[{"code":2016,"message":"Prompt blocked due to security configurations"}]})"},
      {400, R"({"message":"This request has been blocked by our content filters."})"},
      {400,
       R"({"error":{"message":"Claude is unable to respond to this request, which appears to violate our Usage Policy"}})"},
      {400,
       R"({"error":{"message":"Blocked by Model Armor Floor Setting: The prompt violated Prompt Injection filters."}})"},
      {200, R"({"choices":[],"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}})"},
  };
  for (const auto& [status, body] : blocks) EXPECT_EQ(Sorted(status, body).kind, FailureKind::kBlocked) << body;
  for (const auto& [status, body] :
       {std::pair{400, R"({"error":{"message":"Request rejected: max_tokens is too large"}})"},
        {429, R"({"error":{"message":"blocked by the rate limit, see usage policy"}})"}}) {
    EXPECT_EQ(Sorted(status, body).kind, FailureKind::kFailed) << body;
  }
}

TEST(Failures, AreTheModelsOwnWhereAServerCouldNotReadItsCall) {
  for (const auto& [status, body] :
       {std::pair{500, R"({"error":"error parsing tool call: raw='{', err=unexpected end of JSON input"})"},
        {500, R"({"error":{"code":500,"message":"Failed to parse input at pos 12: <tool_call>"}})"},
        {424, R"({"error":{"message":"Model produced invalid sequence as part of ToolUse."}})"},
        {400, R"({"error":{"message":"tool call validation failed: attempted to call tool 'foo'"}})"}}) {
    EXPECT_EQ(Sorted(status, body).kind, FailureKind::kBrokenCall) << body;
  }
  using enum AttemptOutcome;
  EXPECT_EQ(Sorted(404, R"({"error":"model is loading"})").outcome, kTransient);
  EXPECT_EQ(Sorted(424, R"({"error":{"message":"failed dependency"}})").outcome, kTransient);
  EXPECT_EQ(Sorted(498, R"({"error":{"message":"capacity"}})").outcome, kRejected);
  EXPECT_EQ(FindInvalidUtf8(Sorted(500, "\xFF\xFE{\"").words), std::nullopt);
}

TEST(Waits, AreReadInWordsAndInOneHeaderForAll) {
  using std::chrono::milliseconds;
  const auto wait = [](std::vector<HttpHeader> headers, std::string body = {}) {
    HttpResponse response;
    response.headers = std::move(headers);
    response.body = std::move(body);
    return ReadWait(response);
  };
  EXPECT_EQ(wait({{"retry-after", "4 seconds"}}), milliseconds(4000));
  EXPECT_EQ(wait({{"retry-after", "4s"}}), milliseconds(4000));
  EXPECT_EQ(wait({{"x-ms-retry-after-ms", "250"}}), milliseconds(250));
  EXPECT_EQ(wait({{"date", "Thu, 01 Jan 2026 00:00:00 GMT"}, {"retry-after", "1767225604"}}), milliseconds(4000));
  EXPECT_EQ(wait({{"ratelimit", "limit=10, remaining=0, reset=4"}}), milliseconds(4000));
  EXPECT_EQ(wait({{"ratelimit", "\"default\";r=0;t=4"}}), milliseconds(4000));
  EXPECT_EQ(wait({{"ratelimit", "\"default\";r=9;t=4"}}), std::nullopt);
  EXPECT_EQ(wait({{"retry-after", "0"}, {"x-ratelimit-reset-requests", "4s"}, {"x-ratelimit-remaining-requests", "0"}}),
            milliseconds(4000));
  for (const char* words :
       {"Please retry in 4s.", "Please wait 4 seconds before retrying.", "Try again in 4 seconds. Bye.",
        R"({"metadata":{"retry_after_seconds":4}})", R"({"estimated_time": 4.0})"}) {
    EXPECT_EQ(wait({}, words), milliseconds(4000)) << words;
  }
  EXPECT_EQ(wait({}, "Please wait for a while"), std::nullopt);
}

TEST(AUsage, ThatCountsNothingIsNone) {
  const auto known = [](const char* usage) {
    const std::string body = R"({"choices":[{"finish_reason":"stop","message":{"content":"No."}}],"usage":)";
    return ReadOpenAiReply(body + usage + "}", Request())->usage.tokens_known;
  };
  EXPECT_TRUE(known(R"({"prompt_tokens":12,"completion_tokens":3})"));
  EXPECT_FALSE(known(R"({"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})"));
  EXPECT_FALSE(known(R"({"prompt_tokens":0,"completion_tokens":4})"));
  EXPECT_FALSE(known(R"({"prompt_tokens":12,"completion_tokens":0,"total_tokens":12})"));
}

TEST(AStreamUnasked, KeepsCallsApartThatShareAnIndex) {
  const auto reply = ReadOpenAiReply(
      "id: 1\ndata: "
      "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":"
      "\"f\",\"arguments\":\"{\\\"n\\\":1}\"}}]}}]}\n\n"
      "data: "
      "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\","
      "\"arguments\":\"{\\\"n\\\"\"}}]}}]}\n\n"
      "data: "
      "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":2}\"}}]},"
      "\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n",
      Request());
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  ASSERT_EQ(reply->calls.size(), 2U);
  EXPECT_EQ(reply->calls[0].arguments.IntOr("n", 0), 1);
  EXPECT_EQ(reply->calls[1].name, "g");
  EXPECT_EQ(reply->calls[1].arguments.IntOr("n", 0), 2);
}

TEST(AStreamUnasked, HasTheNameThatItsPiecesMake) {
  for (const auto& [first, second] : {std::pair{"send_", "money"},
                                      {"send_money", "send_money"},
                                      {"send_money", ""},
                                      {"", "send_money"},
                                      {"send", "send_money"}}) {
    const auto reply = ReadOpenAiReply(
        fmt::format(
            R"(data: {{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"id":"a","function":{{"name":"{}","arguments":""}}}}]}}}}]}}

data: {{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"function":{{"name":"{}","arguments":"{{}}"}}}}]}},"finish_reason":"tool_calls"}}]}}

data: [DONE]

)",
            first, second),
        Request());
    ASSERT_TRUE(reply.has_value()) << reply.error().message;
    ASSERT_EQ(reply->calls.size(), 1U);
    EXPECT_EQ(reply->calls[0].name, "send_money") << first << "|" << second;
  }
}

TEST(AReply, KeepsWhatItsServerWantsBack) {
  const auto chat = ReadOpenAiReply(
      R"({"choices":[{"finish_reason":"tool_calls","message":{"reasoning_content":"","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}}]})",
      Request());
  EXPECT_NE(chat->kept.Find("reasoning_content"), nullptr);
  const auto claude = ReadAnthropicReply(
      R"({"content":[{"type":"text","text":"Ok.","citations":null},{"type":"tool_use","id":"t","name":"f","input":{},"caller":{"type":"direct"}}],"stop_reason":"tool_use"})",
      Request());
  ModelRequest next = Request();
  Message& agent = next.messages.emplace_back();
  agent.speaker = Speaker::kAgent;
  agent.text = claude->text;
  agent.calls = claude->calls;
  agent.kept = claude->kept;
  Message& result = next.messages.emplace_back();
  result.speaker = Speaker::kTool;
  result.call_id = "t";
  const std::string sent = WriteAnthropicRequest({.url = "", .model = "m"}, next);
  EXPECT_THAT(sent, HasSubstr(R"("caller":{"type":"direct"})"));
  EXPECT_THAT(sent, ::testing::Not(HasSubstr("citations")));
  EXPECT_THAT(sent, HasSubstr("\"content\":\"(nothing)\"")) << "a result without a word is refused by some";
}

TEST(TwoAnswers, AreBothKept) {
  const auto reply = ReadOpenAiReply(
      R"({"choices":[{"finish_reason":"stop","message":{"content":"No"}},{"finish_reason":"stop","message":{"content":"Yes"}}]})",
      Request());
  EXPECT_EQ(reply->text, "No\nYes");
  const auto guarded = ReadOpenAiReply(
      R"({"amazon-bedrock-guardrailAction":"INTERVENED","choices":[{"finish_reason":"stop","message":{"content":"Sorry"}}]})",
      Request());
  EXPECT_EQ(guarded->no_answer, NoAnswer::kFiltered);
}

NoAnswer WhyOf(const std::string& choice) {
  const auto reply = ReadOpenAiReply(R"({"choices":[)" + choice + "]}", Request());
  EXPECT_TRUE(reply) << choice;
  return reply ? reply->no_answer : NoAnswer::kFailed;
}

TEST(AReplyOfNoWord, IsNoAnswerInWhateverItIsWrapped) {
  for (const char* text : {"null", "None", " undefined\n", "{}", "[]", "</s>", "<s></s>", "<|begin_of_text|>",
                           "<unk><unk>", "<end_of_turn>\n", "\xEF\xBF\xBD\xEF\xBF\xBD", "<|im_end|>"}) {
    const Json message = Json::MakeObject({{"role", "assistant"}, {"content", text}});
    const std::string choice = R"({"finish_reason":"stop","message":)" + message.Dump() + "}";
    EXPECT_EQ(WhyOf(choice), NoAnswer::kEmpty) << text;
  }
  for (const char* text : {"None.", "null and void", "[] is empty", "No</s>"}) {
    const Json message = Json::MakeObject({{"role", "assistant"}, {"content", text}});
    EXPECT_EQ(WhyOf(R"({"finish_reason":"stop","message":)" + message.Dump() + "}"), NoAnswer::kNone) << text;
  }
}

TEST(AReasonToEnd, IsReadWhereItIsNoWord) {
  const std::string said = R"("message":{"content":"I will now"}})";
  EXPECT_EQ(WhyOf(R"({"finish_reason":{"type":"abort","message":"x"},)" + said), NoAnswer::kFailed);
  EXPECT_EQ(WhyOf(R"({"finish_reason":{"type":"length","length":50},)" + said), NoAnswer::kLength);
  EXPECT_EQ(WhyOf(R"({"finish_reason":{"type":"stop","matched":2},)" + said), NoAnswer::kNone);
  EXPECT_EQ(WhyOf(R"({"finish_reason":2,)" + said), NoAnswer::kUnfinished);
  EXPECT_EQ(WhyOf(R"({"finish_reason":null,)" + said), NoAnswer::kNone);
}

TEST(AGateway, ThatSaysStopIsNotBelievedWhereItsUpstreamLostACall) {
  const std::string said = R"("message":{"content":"I will now"}})";
  for (const char* word : {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"})
    EXPECT_EQ(WhyOf(R"({"finish_reason":"stop","native_finish_reason":")" + std::string(word) + "\"," + said),
              NoAnswer::kCallsMissing);
  for (const char* word : {"STOP", "tool_calls", "eos"})
    EXPECT_EQ(WhyOf(R"({"finish_reason":"stop","native_finish_reason":")" + std::string(word) + "\"," + said),
              NoAnswer::kNone);
}

TEST(ACall, MayCallItsArgumentsParameters) {
  const auto reply = ReadOpenAiReply(
      R"({"choices":[{"finish_reason":"tool_calls","message":{"tool_calls":[{"id":"a","type":"function","function":
          {"name":"send_certificate","parameters":{"amount":300}}}]}}]})",
      Request());
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->calls.size(), 1U);
  EXPECT_EQ(reply->calls[0].arguments.IntOr("amount", 0), 300);
}

}  // namespace
}  // namespace xsweep
