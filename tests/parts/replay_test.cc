// Replaying what the references recorded gives their results, errors and hashes.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/replay.h"
#include "parts/environments/world/world_hash.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "parts/environments/retail/tools.h"

namespace xsweep {
namespace {

std::filesystem::path DataDirectory() {
  const char* given = std::getenv("XSWEEP_TAU_DIR");
  return given != nullptr ? given : XSWEEP_SOURCE_DIR "/../shared/tau";
}

struct Recording {
  const char* file;
  const Desk* desk;
  std::size_t lines;
};

constexpr Recording kRecordings[] = {
    {"tau2_airline_tasks", &kTau2Airline, 33},       {"tau1_airline_tasks", &kTau1Airline, 37},
    {"tau2_airline_odd_calls", &kTau2Airline, 1658}, {"tau1_airline_odd_calls", &kTau1Airline, 1607},
    {"tau2_retail_tasks", &kTau2Retail, 76},         {"tau1_retail_tasks", &kTau1Retail, 72},
};

/// The rules of compare_replay.py. Errors in the words of an interpreter or of pydantic need not agree in text.
bool OnlyWording(const std::string& text) {
  static const std::regex kWording(
      "validation error|unexpected keyword|missing \\d+ required|positional argument|multiple values|unsupported "
      "operand|"
      "not subscriptable|object is not|unhashable|indices must|has no len|not iterable|argument|attribute|NoneType|"
      "must be (str|int|a|real)|can only|\\(<string>, line|invalid (syntax|decimal|character)|never closed|unmatched|"
      "division by zero|out of range|too large|ellipsis|complex|leading zeros|^Error: '?[^ ]*'?$",
      std::regex::optimize);
  return text.starts_with("Error") && std::regex_search(text, kWording);
}

const Json* TextOf(const Json& line) {
  for (const char* field : {"content", "result", "observation"}) {
    if (const Json* text = line.Find(field)) return text;
  }
  return nullptr;
}

/// Empty, or which field differs.
std::string Difference(const Json& want, const Json& got) {
  for (const char* field : {"db_hash", "db_hash_after", "data_hash", "data_hash_after", "db_hash_initial",
                            "db_hash_final", "data_hash_initial", "data_hash_final", "done"}) {
    const Json* wanted = want.Find(field);
    if (wanted != nullptr && (got.Find(field) == nullptr || *got.Find(field) != *wanted)) return field;
  }
  const Json* wanted = TextOf(want);
  if (wanted != nullptr && wanted->is_string()) {
    const std::string text = TextOf(got) != nullptr && TextOf(got)->is_string() ? TextOf(got)->AsString() : "";
    if (wanted->AsString().starts_with("Error") != text.starts_with("Error")) return "being an error: " + text;
    if (!OnlyWording(wanted->AsString()) && text != wanted->AsString())
      return text + "\n  instead of\n" + wanted->AsString();
  }
  const Json* actions = want.Find("actions");
  if (actions == nullptr) return {};
  for (std::size_t i = 0; i < actions->size(); ++i) {
    const std::string difference = Difference(actions->items()[i], got.Find("actions")->items()[i]);
    if (!difference.empty()) return "action " + std::to_string(i) + ": " + difference;
  }
  return {};
}

class RecordedCalls : public testing::TestWithParam<Recording> {};
INSTANTIATE_TEST_SUITE_P(OfTheReferences, RecordedCalls, testing::ValuesIn(kRecordings),
                         [](const auto& tested) { return std::string(tested.param.file); });

TEST_P(RecordedCalls, AgreeInResultsErrorsAndStates) {
  const auto& [name, desk, lines] = GetParam();
  const auto file = DataDirectory() / "recorded" / (std::string(name) + ".jsonl");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is absent; set XSWEEP_TAU_DIR to run this";
  const auto world = World::Load(desk->world, DataDirectory() / desk->world.desk);
  ASSERT_TRUE(world) << world.error().Text();
  Replay replay(*desk, *world);
  std::ifstream recorded(file);
  std::size_t compared = 0;
  for (std::string line; std::getline(recorded, line); ++compared) {
    const auto replayed = replay.Line(line);
    ASSERT_TRUE(replayed) << replayed.error().Text();
    ASSERT_EQ(Difference(*Json::Parse(line), *Json::Parse(*replayed)), "") << file << ":" << compared + 1;
  }
  EXPECT_EQ(compared, lines);
}

// 200 episodes of a real model, published with v1. Since then "province" was removed from its users.
TEST(PublishedEpisodes, AreAnsweredAsTheyWereExceptForTheRemovedProvince) {
  const auto file = DataDirectory() / "tau1/airline/history/gpt-4o-airline.json";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is absent; set XSWEEP_TAU_DIR to run this";
  const auto world = World::Load(kTau1Airline.world, DataDirectory() / "tau1/airline");
  ASSERT_TRUE(world) << world.error().Text();
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  int same = 0;
  int without_province = 0;
  const Json episodes = *Json::Parse(text.str());
  for (const Json& episode : episodes.items()) {
    State state(*world);
    const Json* call = nullptr;
    for (const Json& message : episode.Find("traj")->items()) {
      const Json* calls = message.Find("tool_calls");
      if (calls != nullptr && calls->size() > 0) call = calls->items()[0].Find("function");
      if (message.StringOr("role", "") != "tool" || call == nullptr) continue;
      const std::string name(call->StringOr("name", ""));
      const Json arguments = *Json::Parse(call->StringOr("arguments", ""));
      const std::string answer = CallTool(kTau1Airline, state, name, arguments).content;
      const std::string recorded(message.StringOr("content", ""));
      if (answer == recorded) {
        ++same;
      } else {
        ASSERT_EQ(name, "get_user_details") << answer << "\n  instead of\n" << recorded;
        ASSERT_NE(recorded.find("\"province\""), std::string::npos) << answer;
        ++without_province;
      }
      call = nullptr;
    }
  }
  RecordProperty("same", same);
  EXPECT_GE(same, 996);
  EXPECT_EQ(same + without_province, 1164);
}

constexpr std::string_view kNobody = R"({"flights": {}, "reservations": {}, "users": {}})";

class ReplayedLine : public testing::Test {
 protected:
  std::shared_ptr<const World> world_ = *World::Parse(kTau2Airline.world, kNobody, "nobody");
};

TEST_F(ReplayedLine, KeepsOtherFieldsAndIgnoresWhatItClaims) {
  Replay replay(kTau2Airline, world_);
  EXPECT_EQ(*replay.Line(R"({"note": "é", "seq": 1, "i": 0, "name": "calculate", "arguments": {"expression": "1+1"},
                            "content": "3.0", "error": true, "db_hash": "wrong", "kind": "calc"})"),
            "{\"note\": \"\\u00e9\", \"seq\": 1, \"i\": 0, \"name\": \"calculate\", \"arguments\": {\"expression\": "
            "\"1+1\"}, "
            "\"content\": \"2.0\", \"error\": false, \"db_hash\": \"" +
                WorldHash(*world_) + "\", \"kind\": \"calc\"}");
}

TEST_F(ReplayedLine, NamesFileAndLineOfWhatItCannotRead) {
  std::istringstream lines("{\"seq\": 1, \"name\": \"calculate\"}\n\n{\"seq\": 2}\n");
  const auto replayed = ReplayLines(kTau2Airline, world_, lines, "calls.jsonl");
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().kind, ErrorKind::kUser);
  EXPECT_EQ(replayed.error().where, "calls.jsonl:3");
}

TEST_F(ReplayedLine, RefusesAnActionThatIsNoObject) {
  Replay replay(kTau2Airline, world_);
  EXPECT_EQ(replay.Line(R"({"actions": [5]})").error().kind, ErrorKind::kUser);
}

TEST_F(ReplayedLine, TakesWhatPythonTakesForJson) {
  Replay replay(kTau2Airline, world_);
  const std::string arguments =
      R"({"a": NaN, "b": [-Infinity, 1e999, "\ud83d\ude00 \udc00", 1e2, 12345678901234567890]})";
  const std::string replayed = *replay.Line(R"({"seq": 1, "name": "foo", "arguments": )" + arguments + "}");
  EXPECT_NE(
      replayed.find(R"({"a": NaN, "b": [-Infinity, Infinity, "\ud83d\ude00 \udc00", 100.0, 12345678901234567890]})"),
      std::string::npos)
      << replayed;
  for (const char* bad :
       {"nan", "[1,]", R"({"a" 1})", "01", "1.", "-", R"("\x")", R"("\u12")", "NaN NaN", "[NaN", "1e"})
    EXPECT_FALSE(replay.Line(R"({"seq": 1, "name": "foo", "arguments": )" + std::string(bad) + "}")) << bad;
}

TEST(ReplayedItems, DoNotFindWhatIsNoNumberInAnOrder) {
  const auto world = *World::Parse(kTau2Retail.world, R"({"products": {}, "users": {}, "orders": {"#W1": {
      "order_id": "#W1", "user_id": "u", "status": "pending", "items": [], "payment_history": []}}})",
                                   "one order");
  Replay replay(kTau2Retail, world);
  const std::string replayed = *replay.Line(
      R"({"seq": 1, "name": "modify_pending_order_items", "arguments": {"order_id": "#W1", "item_ids": [NaN],
          "new_item_ids": ["x"], "payment_method_id": "p"}})");
  EXPECT_NE(replayed.find("Error: nan not found"), std::string::npos) << replayed;
}

TEST_F(ReplayedLine, GivesTheSimulatedUserNoTools) {
  Replay replay(kTau2Airline, world_);
  const Json line = *Json::Parse(
      *replay.Line(R"({"seq": 1, "name": "calculate", "arguments": {"expression": "1"}, "requestor": "user"})"));
  EXPECT_EQ(line.StringOr("content", ""), "Error: User tools not available");
  EXPECT_TRUE(line.BoolOr("error", false));
}

}  // namespace
}  // namespace xsweep
