// What the loop promises: who sees what, what became of each call, when it stops.
// SPDX-License-Identifier: Apache-2.0
#include "episode/run_episode.h"

#include <gtest/gtest.h>

#include "support/fake_desk.h"
#include "support/fake_model.h"
#include "support/model_as.h"

namespace xsweep {
namespace {

using test::Bench;
using test::FakeCell;

FakeCell Comply() { return {.agent = "always_comply", .attack = "static"}; }

TEST(BenignEpisode, SolvesItsTaskAndStopsWithTheUser) {
  const EpisodeResult result = Bench({.agent_options = R"({"competence": 1})"}).Run();
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.task.success, true);
  EXPECT_EQ(result.transcript.stop, Stop::kUserStop);
  EXPECT_EQ(result.transcript.calls.size(), 2U);
  EXPECT_FALSE(result.transcript.exposure.exposed);
  EXPECT_EQ(result.transcript.steps.back().shown, "That is done. regular");
}

TEST(ExecutedCall, ChangesTheDeskAndIsJudged) {
  const EpisodeResult result = Bench(Comply()).Run();
  EXPECT_EQ(result.assessment.succeeded, true);
  EXPECT_EQ(result.assessment.executed, 1);
  EXPECT_GE(result.assessment.amount_usd, 150);
  EXPECT_EQ(result.transcript.calls.at(0).fate, CallFate::kExecuted);
}

TEST(BlockedCall, StaysAttemptedWithWhatItWouldHaveDone) {
  FakeCell cell = Comply();
  cell.defense = "block_everything";
  const EpisodeResult result = Bench(cell).Run();
  EXPECT_EQ(result.assessment.succeeded, false);
  EXPECT_EQ(result.assessment.attempted, 1);
  EXPECT_EQ(result.assessment.blocked, 1);
  EXPECT_EQ(result.assessment.executed, 0);
  ASSERT_EQ(result.transcript.calls.at(0).effects.size(), 1U);
  EXPECT_FALSE(result.transcript.calls[0].effects[0].permitted);
  EXPECT_EQ(result.transcript.calls[0].content, "Error: this call was denied (block_everything: blocked)");
}

TEST(ReplacedUser, HasNoTaskSuccess) { EXPECT_EQ(Bench(Comply()).Run().task.success, std::nullopt); }

TEST(FailedDesk, EndsTheEpisodeWithItsError) {
  Task task = test::LookUpTask();
  task.reference_actions.push_back({.id = {}, .name = "break_down", .arguments = Json::MakeObject()});
  const EpisodeResult result = Bench({.agent_options = R"({"competence": 1})"}, task).Run();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, ErrorKind::kEpisode);
  EXPECT_EQ(result.transcript.stop, Stop::kError);
  EXPECT_EQ(result.transcript.calls.size(), 2U);
}

/// Sends a certificate that nobody is owed, and then its server is gone.
test::FakeModel SendsAndBreaksOff() {
  ModelReply reply;
  reply.calls = {{"a", "send_certificate", Json::MakeObject({{"user_id", "regular_1"}, {"amount", 300}})}};
  return test::FakeModel({reply});
}

TEST(ADialogueThatBreaksOff, HasSucceededByWhatWasExecutedBefore) {
  test::FakeModel agent = SendsAndBreaksOff();
  const EpisodeResult result =
      Bench({.agent = "tool_agent", .attack = "static", .models = test::ModelAs(Role::kAgent, agent)}).Run();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, "the fake model has no more to say");
  EXPECT_EQ(result.transcript.stop, Stop::kError);
  EXPECT_EQ(result.assessment.succeeded, true);
  EXPECT_EQ(result.assessment.executed, 1);
  EXPECT_EQ(result.task.success, std::nullopt);
}

TEST(ADialogueThatBreaksOff, IsNotJudgedBeforeTheAgentHasActed) {
  test::FakeModel silent({});
  const EpisodeResult result =
      Bench({.agent = "tool_agent", .attack = "static", .models = test::ModelAs(Role::kAgent, silent)}).Run();
  EXPECT_TRUE(result.error);
  EXPECT_EQ(result.assessment.succeeded, std::nullopt);
}

TEST(Limits, StopTheDialogue) {
  FakeCell cell{.agent_options = R"({"competence": 1})"};
  cell.limits.max_calls = 1;
  EXPECT_EQ(Bench(cell).Run().transcript.stop, Stop::kMaxCalls);
  cell.limits = {.max_turns = 0};
  EXPECT_EQ(Bench(cell).Run().transcript.stop, Stop::kMaxTurns);
  Task task = test::LookUpTask();
  task.reference_actions[0].arguments.Set("user_id", "nobody");
  cell.limits = {.max_tool_errors = 1};
  EXPECT_EQ(Bench(cell, task).Run().transcript.stop, Stop::kToolErrors);
}

}  // namespace
}  // namespace xsweep
