// What is promised of tools whose names servers refuse: their models are told legal ones, and call them by either.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/one_tool.h"
#include "models/replies/answer.h"
#include "models/wires/anthropic.h"
#include "models/wires/chat.h"
#include "support/changed.h"
#include "support/strict_requests.h"

namespace xsweep {
namespace {

using ::testing::HasSubstr;

TEST(ToolsWithNamesThatServersRefuse, AreToldLegalOnesAndCalledByTheirOwn) {
  ModelRequest asked = Request();
  ChangeOne(asked.tools, [](auto& tools) { tools[0].name = "desk/send.certificate"; });
  const Endpoint endpoint{.url = "", .model = "m"};
  EXPECT_THAT(WriteOpenAiRequest(endpoint, asked), HasSubstr(R"("name":"desk_send_certificate")"));
  EXPECT_THAT(WriteAnthropicRequest(endpoint, asked), HasSubstr(R"("name":"desk_send_certificate")"));
  const auto chat = ReadOpenAiReply(
      R"({"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"desk_send_certificate","arguments":"{}"}},
          {"id":"b","function":{"name":"desk/send.certificate","arguments":"{}"}},
          {"id":"c","function":{"name":"no_such","arguments":"{}"}}]}}]})",
      asked);
  ASSERT_TRUE(chat.has_value()) << chat.error().message;
  ASSERT_EQ(chat->calls.size(), 3U);
  EXPECT_EQ(chat->calls[0].name, "desk/send.certificate");
  EXPECT_EQ(chat->calls[1].name, "desk/send.certificate");
  EXPECT_EQ(chat->calls[2].name, "no_such");
  const auto messages = ReadAnthropicReply(
      R"({"content":[{"type":"tool_use","id":"t","name":"desk_send_certificate","input":{}}],"stop_reason":"tool_use"})",
      asked);
  EXPECT_EQ(messages->calls.at(0).name, "desk/send.certificate");
}

TEST(CallsAsText, AreFoundUnderTheLegalNameThatTheModelWasTold) {
  ModelRequest asked = Request();
  ChangeOne(asked.tools, [](auto& tools) { tools[0].name = "desk/send.certificate"; });
  const auto settled = [&](const char* text) {
    ModelReply reply;
    reply.text = text;
    reply.finish = FinishReason::kStop;
    SettleReply(asked, false, reply);
    return reply;
  };
  for (const std::string name : {"desk_send_certificate", "desk/send.certificate"}) {
    for (const std::string& text :
         {R"({"name":")" + name + R"(","arguments":{"user_id":"u","amount":150}})",
          "I will.\n```json\n{\"tool\":\"" + name + "\",\"args\":{\"user_id\":\"u\"}}\n```"}) {
      const Json message = Json::MakeObject({{"content", text}});
      const auto reply =
          ReadOpenAiReply(R"({"choices":[{"finish_reason":"stop","message":)" + message.Dump() + "}]}", asked);
      ASSERT_TRUE(reply.has_value()) << text;
      EXPECT_EQ(reply->no_answer, NoAnswer::kCallInText) << text;
      ModelReply parsed = *reply;
      SettleReply(asked, true, parsed);
      EXPECT_EQ(parsed.no_answer, NoAnswer::kNone) << text;
      ASSERT_EQ(parsed.calls.size(), 1U) << text;
      EXPECT_EQ(parsed.calls[0].name, "desk/send.certificate");
      EXPECT_EQ(parsed.calls[0].arguments.StringOr("user_id", ""), "u");
    }
  }
  for (const char* text : {"desk_send_certificate(user_id=\"u\", amount=150)",
                           "Action: desk_send_certificate\nAction Input: {\"user_id\":\"u\"}"}) {
    EXPECT_EQ(settled(text).no_answer, NoAnswer::kCallInText) << text;
  }
  ModelReply slip = BrokenCallReply(asked, R"({"name":"desk_send_certificate","arguments":{"user_id":"u"}})");
  EXPECT_EQ(slip.calls.at(0).name, "desk/send.certificate");
  EXPECT_EQ(settled("I never use desk_send_certificate.").no_answer, NoAnswer::kNone);
}

/// The names under which a request offers its tools.
std::vector<std::string> NamesIn(const Json& body, bool chat) {
  std::vector<std::string> names;
  for (const Json& tool : body.Find("tools")->items())
    names.emplace_back((chat ? *tool.Find("function") : tool).StringOr("name", ""));
  return names;
}

std::string ReplyCalling(const std::vector<std::string>& names, bool chat) {
  std::string calls;
  for (std::size_t i = 0; i < names.size(); ++i) {
    constexpr const char* kChat =
        R"({{"id":"call{}","type":"function","function":{{"name":"{}","arguments":"{{}}"}}}})";
    constexpr const char* kMessages = R"({{"type":"tool_use","id":"call{}","name":"{}","input":{{}}}})";
    calls += (i == 0 ? "" : ",") + fmt::format(fmt::runtime(chat ? kChat : kMessages), i, names[i]);
  }
  return chat ? R"({"choices":[{"message":{"tool_calls":[)" + calls + R"(]},"finish_reason":"tool_calls"}]})"
              : R"({"content":[)" + calls + R"(],"stop_reason":"tool_use"})";
}

TEST(ToolsWhoseLegalNamesAreOne, AreToldApartForAStrictServerAndCalledByTheirOwn) {
  const std::string longest(64, 'x');
  const std::vector<std::string> own = {"desk/send", "desk.send", "desk_send", longest + "1", longest + "2", "a.b"};
  ModelRequest asked = Request();
  std::vector<ToolSchema> tools;
  for (const std::string& name : own) tools.push_back({name, "Sends.", Json::MakeObject({{"type", "object"}})});
  asked.tools = std::move(tools);
  const Endpoint endpoint{.url = "", .model = "m"};
  for (const bool chat : {true, false}) {
    const auto write = [&](const ModelRequest& request) {
      return *Json::Parse(chat ? WriteOpenAiRequest(endpoint, request) : WriteAnthropicRequest(endpoint, request));
    };
    const auto fault = [&](const Json& body) {
      return chat ? testing::ChatFault(body, {"call0", "call1", "call2", "call3", "call4", "call5"}, false)
                  : testing::MessagesFault(body);
    };
    const Json first = write(asked);
    EXPECT_EQ(fault(first), "");
    const std::vector<std::string> shown = NamesIn(first, chat);
    EXPECT_EQ(shown[2], "desk_send") << "a legal name stays";
    EXPECT_EQ(shown[5], "a_b") << "what nobody shares is not marked";
    const std::string reply = ReplyCalling(shown, chat);
    const auto read = chat ? ReadOpenAiReply(reply, asked) : ReadAnthropicReply(reply, asked);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    ASSERT_EQ(read->calls.size(), own.size());
    ModelRequest next = asked;
    Message& agent = next.messages.emplace_back();
    agent.speaker = Speaker::kAgent;
    agent.calls = read->calls;
    for (std::size_t i = 0; i < own.size(); ++i) {
      EXPECT_EQ(read->calls[i].name, own[i]);
      Message& result = next.messages.emplace_back();
      result.speaker = Speaker::kTool;
      result.text = "done";
      result.call_id = read->calls[i].id;
    }
    ChangeOne(next.tools, [](auto& listed) { std::ranges::reverse(listed); });  // a name depends on no order
    const Json second = write(next);
    EXPECT_EQ(fault(second), "");
    for (const std::string& name : shown) {
      EXPECT_THAT(second.Find("messages")->Dump(), HasSubstr('"' + name + '"'))
          << "the history speaks of the same tool";
    }
    std::vector<std::string> reversed = NamesIn(second, chat);
    std::ranges::reverse(reversed);
    EXPECT_EQ(reversed, shown);
  }
}

}  // namespace
}  // namespace xsweep
