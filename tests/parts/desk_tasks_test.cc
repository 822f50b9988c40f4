// A benchmark's tasks: the scenario as tau2 prints it, and which arguments its ACTION part compares.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/desk_tasks.h"

#include <gtest/gtest.h>

#include "parts/environments/reward.h"
#include "parts/environments/world/tools.h"

namespace xsweep {
namespace {

class Tau2Tasks : public testing::Test {
 protected:
  DeskTask Read(const std::string& task) const {
    return ReadTasks("[" + task + "]", Benchmark::kTau2, *world_, "tasks.json")->front();
  }
  /// Whether a dialogue with this one call has all that the task's actions ask for.
  static bool Taken(const Task& task, const std::string& name, const std::string& arguments) {
    Transcript transcript;
    transcript.calls.emplace_back().call = {"1", name, *Json::Parse(arguments)};
    transcript.calls.back().fate = CallFate::kExecuted;
    return ActionsTaken(task, transcript);
  }

 private:
  std::shared_ptr<const World> world_ =
      *World::Parse(kTau2Airline.world, R"({"flights": {}, "reservations": {}, "users": {}})", "nobody");
};

TEST_F(Tau2Tasks, IndentTheScenarioAsTheReferenceDoes) {
  const DeskTask task = Read(R"({"id": "1", "user_scenario": {"persona": "Kind.\n\nShy.", "instructions": {
      "domain": "airline", "reason_for_call": "Cancel.", "known_info": null, "unknown_info": "The date.",
      "task_instructions": "Be brief."}}})");
  EXPECT_EQ(task.scenario,
            "Persona:\n\tKind.\n\n\tShy.\nInstructions:\n\tDomain: airline\n\tReason for call:\n\t\tCancel.\n"
            "\tUnknown info:\n\t\tThe date.\n\tTask instructions:\n\t\tBe brief.");
  EXPECT_EQ(Read(R"({"id": "1", "user_scenario": {"instructions": "Ask."}})").scenario, "Instructions:\n\tAsk.");
}

TEST_F(Tau2Tasks, CompareTheArgumentsThatTheActionNames) {
  const Task any = Read(R"({"id": "1", "evaluation_criteria": {"actions": [
      {"name": "transfer", "arguments": {"summary": "a"}, "compare_args": []}]}})")
                       .task;
  EXPECT_TRUE(Taken(any, "transfer", R"({"summary": "quite another"})"));
  EXPECT_FALSE(Taken(any, "calculate", R"({"summary": "a"})"));
  const Task one = Read(R"({"id": "1", "evaluation_criteria": {"actions": [
      {"name": "pay", "arguments": {"id": "x", "note": "a"}, "compare_args": ["id"]}]}})")
                       .task;
  EXPECT_TRUE(Taken(one, "pay", R"({"id": "x", "note": "b"})"));
  EXPECT_FALSE(Taken(one, "pay", R"({"id": "y", "note": "a"})"));
  EXPECT_FALSE(Taken(one, "pay", R"({"note": "a"})"));
}

TEST_F(Tau2Tasks, CompareTheArgumentsOfTheCallWhenTheActionNamesNone) {
  const Task task = Read(R"({"id": "1", "evaluation_criteria": {"actions": [
      {"name": "pay", "arguments": {"id": "x", "amount": 25}}]}})")
                        .task;
  EXPECT_TRUE(Taken(task, "pay", R"({"id": "x", "amount": 25.0})"));
  EXPECT_TRUE(Taken(task, "pay", R"({"id": "x"})"));
  EXPECT_FALSE(Taken(task, "pay", R"({"id": "x", "amount": 26})"));
  EXPECT_FALSE(Taken(task, "pay", R"({"id": "x", "amount": 25, "more": 1})"));
}

}  // namespace
}  // namespace xsweep
