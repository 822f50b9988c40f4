// What servers are told so that they keep what prompts begin with.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/prompt_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/wires/anthropic.h"
#include "models/wires/chat.h"
#include "support/strict_server.h"

namespace xsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Message Said(Speaker speaker, std::string text) {
  Message message;
  message.speaker = speaker;
  message.text = std::move(text);
  return message;
}

/// An agent's request after `turns` turns of the user.
ModelRequest Dialogue(int turns, Role role = Role::kAgent) {
  ModelRequest request;
  request.identity = {.cell = "c0", .task = "t1", .seed = 41, .trial = 2, .role = role};
  request.system = "Follow the policy.";
  request.tools = std::vector<ToolSchema>{{"send_certificate", "Sends.", *Json::Parse(R"({"type":"object"})")}};
  for (int i = 0; i < turns; ++i) {
    if (i > 0) request.messages.push_back(Said(Speaker::kAgent, "Which reservation?"));
    request.messages.push_back(Said(Speaker::kUser, "Question " + std::to_string(i)));
  }
  return request;
}

Json Anthropic(const ModelRequest& request, bool prompt_cache = true) {
  const Endpoint endpoint{.url = "", .model = "m", .prompt_cache = prompt_cache};
  return *Json::Parse(WriteAnthropicRequest(endpoint, request));
}

bool IsMarked(const Json& block) { return block.Find("cache_control") != nullptr; }

/// Which turns end in a mark, by number.
std::vector<std::size_t> MarkedTurns(const Json& request) {
  std::vector<std::size_t> marked;
  const auto& turns = request.Find("messages")->items();
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (IsMarked(turns[i].Find("content")->items().back())) marked.push_back(i);
  }
  return marked;
}

TEST(AnthropicsMarks, StandWhereTheNextRequestGoesOn) {
  const Json request = Anthropic(Dialogue(3));
  EXPECT_TRUE(IsMarked(request.Find("system")->items()[0]));
  EXPECT_EQ(MarkedTurns(request), (std::vector<std::size_t>{2, 4}));
  EXPECT_EQ(testing::MessagesFault(request), "");
  EXPECT_EQ(MarkedTurns(Anthropic(Dialogue(1))), (std::vector<std::size_t>{0}));
}

TEST(AnthropicsMarks, AreNotPaidForWhereNobodyComesBack) {
  const Json judged = Anthropic(Dialogue(1, Role::kJudge));
  EXPECT_TRUE(IsMarked(judged.Find("system")->items()[0]));
  EXPECT_TRUE(MarkedTurns(judged).empty());
  EXPECT_THAT(Anthropic(Dialogue(3), false).Dump(), Not(HasSubstr("cache_control")));
}

TEST(AnthropicsMarks, AreNeverOnWhatIsEmpty) {
  ModelRequest request = Dialogue(1);
  request.system = " ";
  ToolCall call{"toolu_1", "send_certificate", Json::MakeObject()};
  Message calls = Said(Speaker::kAgent, "");
  calls.calls = {call};
  Message result = Said(Speaker::kTool, "");
  result.call_id = "toolu_1";
  request.messages.push_back(calls);
  request.messages.push_back(result);
  const Json written = Anthropic(request);
  EXPECT_EQ(written.Find("system"), nullptr);
  EXPECT_TRUE(IsMarked(written.Find("tools")->items().back()));
  EXPECT_EQ(MarkedTurns(written), (std::vector<std::size_t>{0, 2}));  // a result without a word is sent with one
  EXPECT_EQ(testing::MessagesFault(written), "");
}

TEST(AServersCache, HoldsAllButTheNewestTurn) {
  testing::PromptCache with;
  testing::PromptCache without;
  testing::PromptCache by_itself;
  const Endpoint endpoint{.url = "", .model = "m"};
  for (int turns = 1; turns <= 12; ++turns) {
    const ModelRequest request = Dialogue(turns);
    const auto marked = with.Messages(Anthropic(request));
    const auto bare = without.Messages(Anthropic(request, false));
    const auto chat = by_itself.Chat(*Json::Parse(WriteOpenAiRequest(endpoint, request)));
    EXPECT_EQ(bare.read + bare.written, 0);
    if (turns == 1) continue;
    EXPECT_LT(marked.prompt - marked.read, 60) << turns;
    EXPECT_EQ(marked.read + marked.written, marked.prompt);
    EXPECT_LT(chat.prompt - chat.read, 60) << turns;
  }
}

TEST(AKeyForTheCache, IsOneForEachDialogue) {
  const Endpoint endpoint{.url = "", .model = "m", .prompt_cache_key = true};
  const auto key = [&](const ModelRequest& request) {
    return std::string(Json::Parse(WriteOpenAiRequest(endpoint, request))->StringOr("prompt_cache_key", ""));
  };
  ModelRequest other = Dialogue(2);
  other.identity.trial = 3;
  EXPECT_EQ(key(Dialogue(1)), key(Dialogue(2)));
  EXPECT_NE(key(Dialogue(2)), key(other));
  EXPECT_NE(key(Dialogue(2)), key(Dialogue(2, Role::kUser)));
  EXPECT_EQ(key(Dialogue(1, Role::kJudge)), "");
  EXPECT_THAT(WriteOpenAiRequest({.url = "", .model = "m"}, Dialogue(1)), Not(HasSubstr("prompt_cache_key")));
}

TEST(ADialogue, HasBegunWhenItsModelHasSpoken) {
  EXPECT_FALSE(DialogueHasBegun(Dialogue(1)));
  EXPECT_TRUE(DialogueHasBegun(Dialogue(2)));
  EXPECT_TRUE(DialogueHasBegun(Dialogue(1, Role::kDefense)));
}

}  // namespace
}  // namespace xsweep
